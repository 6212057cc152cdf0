//! What was acknowledged is there after the server was killed.

use serde_json::json;

use crate::house::House;

#[test]
fn acknowledged_bans_tokens_and_entries_survive_a_kill() {
    const ROUNDS: usize = 3;
    const EACH: usize = 10;
    let house = House::with("[admin]\nrate = { burst = 0, per-second = 0 }\n");
    let root = house.token("root", "all");
    let mut tokens = Vec::new();
    for round in 0..ROUNDS {
        let server = house.serve();
        for number in 0..EACH {
            let ban = json!({ "network": format!("192.0.{round}.{number}") });
            let answer = server.ask(&root, "POST", "/bans", &ban.to_string());
            assert_eq!(answer.status, 201, "{}", answer.json);
            let new = json!({ "name": format!("t{round}.{number}"), "scopes": ["bans:read"] });
            let answer = server.ask(&root, "POST", "/tokens", &new.to_string());
            assert_eq!(answer.status, 201, "{}", answer.json);
            tokens.push(answer.json["token"].as_str().unwrap().to_owned());
        }
        server.kill();
    }
    let server = house.serve();
    let bans = server.ask(&root, "GET", "/bans", "").json;
    assert_eq!(bans["items"].as_array().unwrap().len(), ROUNDS * EACH);
    for token in &tokens {
        assert_eq!(server.ask(token, "GET", "/bans", "").status, 200);
    }
    let acts = house.audit();
    for act in ["bans.create", "tokens.create"] {
        let done = acts.iter().filter(|(done, _, _)| done == act).count();
        assert_eq!(
            done,
            ROUNDS * EACH + usize::from(act == "tokens.create"),
            "{act}"
        );
    }
}
