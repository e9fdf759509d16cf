//! Compiles the .proto files without protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let files = ["identity", "link", "zone"].map(|name| format!("orangery/v1/{name}.proto"));
    let descriptors = protox::compile(files, ["proto"])?;
    tonic_prost_build::configure().bytes(".").skip_protoc_run().compile_fds(descriptors)?;
    Ok(())
}
