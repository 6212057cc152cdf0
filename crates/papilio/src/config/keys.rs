//! The keys that there are, and what somebody may have meant by one that there is not.

use toml::{Table, Value};

/// The file that documents every key with its default: `papilio config default` prints it.
pub const DOCUMENTED: &str = include_str!("../../../../papilio.toml");

/// Every key with its default, in the order of the file: `("limits.line", 8192)`.
pub(super) fn defaults() -> Vec<(String, Value)> {
    // A test holds the file to the code, and so to its own grammar.
    let table: Table = DOCUMENTED.parse().unwrap_or_default();
    let mut named = Vec::new();
    let mut section = String::new();
    for line in DOCUMENTED.lines() {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            name.clone_into(&mut section);
        }
        let Some((key, _)) = line.split_once(" = ") else {
            continue;
        };
        let path = match section.as_str() {
            "" => key.to_owned(),
            section => format!("{section}.{key}"),
        };
        if let Some(value) = find(&table, &path) {
            named.push((path, value.clone()));
        }
    }
    named
}

/// The value at a path.
pub(super) fn find<'a>(table: &'a Table, path: &str) -> Option<&'a Value> {
    match path.split_once('.') {
        None => table.get(path),
        Some((first, rest)) => find(table.get(first)?.as_table()?, rest),
    }
}

/// The first key that is none, with what was probably meant.
pub(super) fn unknown(written: &Table) -> Option<String> {
    let documented: Table = DOCUMENTED.parse().unwrap_or_default();
    let path = stranger(written, &documented, "")?;
    let mut all = Vec::new();
    paths(&documented, "", &mut all);
    let said = match meant(&path, &all) {
        Some(meant) => format!("there is no key `{path}`; did you mean `{meant}`?"),
        None => {
            format!("there is no key `{path}`; `papilio config default` shows all that there are")
        }
    };
    Some(said)
}

fn stranger(written: &Table, documented: &Table, place: &str) -> Option<String> {
    written.iter().find_map(|(key, value)| {
        let path = joined(place, key);
        match (documented.get(key), value) {
            (None, _) => Some(path),
            (Some(Value::Table(documented)), Value::Table(written)) => {
                stranger(written, documented, &path)
            }
            // Whether the value is one is for others to say.
            (Some(_), _) => None,
        }
    })
}

fn paths(table: &Table, place: &str, into: &mut Vec<String>) {
    for (key, value) in table {
        let path = joined(place, key);
        if let Value::Table(inner) = value {
            paths(inner, &path, into);
        }
        into.push(path);
    }
}

fn joined(place: &str, key: &str) -> String {
    match place {
        "" => key.to_owned(),
        place => format!("{place}.{key}"),
    }
}

/// The key that is nearest: misspelt, or in another section.
fn meant<'a>(path: &str, all: &'a [String]) -> Option<&'a str> {
    let last = |path: &'_ str| {
        path.rsplit('.')
            .next()
            .unwrap_or_default()
            .replace('_', "-")
    };
    let elsewhere: Vec<_> = all.iter().filter(|key| last(key) == last(path)).collect();
    if let [only] = elsewhere.as_slice() {
        return Some(only);
    }
    all.iter()
        .map(|key| (distance(path, key), key))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= 1 + path.len() / 5)
        .map(|(_, key)| key.as_str())
}

/// How many letters must be changed, put in or left out to make one of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &b) in b.iter().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_file_is_found_in_its_order() {
        let defaults = defaults();
        assert_eq!(defaults[0].0, "data");
        assert!(defaults.iter().any(|(key, _)| key == "rates.chg"));
        let mut all = Vec::new();
        paths(&DOCUMENTED.parse().unwrap(), "", &mut all);
        let leaves = all.iter().filter(|path| {
            let below = format!("{path}.");
            !all.iter().any(|other| other.starts_with(&below))
                || defaults.iter().any(|(key, _)| key == *path)
        });
        for path in leaves {
            let shown = |key: &str| path == key || path.starts_with(&format!("{key}."));
            assert!(defaults.iter().any(|(key, _)| shown(key)), "{path}");
        }
    }

    #[test]
    fn what_was_meant() {
        for (text, said) in [
            (
                "[limits]\nlin = 1",
                "`limits.lin`; did you mean `limits.line`?",
            ),
            (
                "max_version = 1",
                "`max_version`; did you mean `max-version`?",
            ),
            ("loge = 1", "`loge`; did you mean `log`?"),
            ("[limit]\nline = 1", "`limit`; did you mean `limits`?"),
            (
                "participants = 1",
                "`participants`; did you mean `switchboard.participants`?",
            ),
            (
                "[rates]\nchg = { birst = 1 }",
                "`rates.chg.birst`; did you mean `rates.chg.burst`?",
            ),
            (
                "something = 1",
                "`something`; `papilio config default` shows all",
            ),
        ] {
            let unknown = unknown(&text.parse().unwrap()).unwrap();
            assert!(unknown.contains(said), "{text:?}: {unknown}");
        }
        assert_eq!(unknown(&DOCUMENTED.parse().unwrap()), None);
        assert_eq!(unknown(&"[rates]\nchg = 0".parse().unwrap()), None);
    }
}
