use prost::Message as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(["hello.proto"], ["proto"])?;
    let out = std::path::PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("hello.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().skip_protoc_run().compile_fds(descriptors)?;
    Ok(())
}
