use super::{
    made::der,
    support::{download, dump, now},
};
use crate::harness::{World, request};
use control_plane::{certificates::authority::Kind, db::authorities, secrets::MasterKey};
use http::Method;

#[tokio::test]
async fn replicas_that_start_together_agree_on_each_authority() {
    let world = World::new().await;
    let load = async |kind| {
        let mut conn = world.app.pool.acquire().await.unwrap();
        let authority =
            authorities::load_or_create(&mut conn, &world.app.master_key, kind, now()).await.unwrap();
        authority.certificate().to_vec()
    };
    for kind in Kind::ALL {
        let (first, second, third) = tokio::join!(load(kind), load(kind), load(kind));
        assert!(first == second && second == third, "{kind:?}");
    }
}

#[tokio::test]
async fn the_three_authorities_have_three_different_keys() {
    let world = World::new().await;
    let mut conn = world.app.pool.acquire().await.unwrap();
    let mut keys = Vec::new();
    for kind in Kind::ALL {
        let authority =
            authorities::load_or_create(&mut conn, &world.app.master_key, kind, now()).await.unwrap();
        keys.push(authority.private_key().to_vec());
    }
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 3);
    let dump = dump(&world).await;
    assert!(
        keys.iter().all(|key| !dump.contains(&hex::encode(key))),
        "an authority's key lies in clear in the database"
    );
}

#[tokio::test]
async fn an_authority_does_not_open_under_another_master_key() {
    let world = World::new().await;
    let mut conn = world.app.pool.acquire().await.unwrap();
    authorities::load_or_create(&mut conn, &world.app.master_key, Kind::Edge, now()).await.unwrap();
    let other = MasterKey::generate().unwrap();
    let refused = authorities::load_or_create(&mut conn, &other, Kind::Edge, now()).await;
    assert!(matches!(refused, Err(authorities::AuthorityError::Open(_))));
}

#[tokio::test]
async fn the_authorities_are_downloaded_without_a_token() {
    let world = World::new().await;
    let listed = world.send(request(Method::GET, "/orangery/ca"), "").await.ok();
    assert_eq!(listed[0]["kind"], "edge");
    assert_eq!(listed[1]["kind"], "origin");
    for (index, path) in ["/orangery/ca/edge.pem", "/orangery/ca/origin.pem"].into_iter().enumerate() {
        let file = download(&world, path).await;
        assert_eq!(listed[index]["certificate"], file);
        assert!(!der(&file).is_empty() && !file.contains("PRIVATE"));
    }
}
