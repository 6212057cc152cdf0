//! As much of HTML 4.01 as shows whether a page is whole.

/// The addresses of what a page links to (`href`) and what it shows (`src`), as written.
///
/// # Panics
///
/// If the page is not whole: an element that is not closed or is closed in vain, one that old browsers
/// know nothing of, a character that is not ASCII.
pub(crate) fn addresses(page: &str) -> (Vec<&str>, Vec<&str>) {
    assert!(page.is_ascii());
    let (doctype, rest) = page.split_once('>').unwrap();
    assert_eq!(
        doctype,
        "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\" \
         \"http://www.w3.org/TR/html4/loose.dtd\""
    );
    let (mut links, mut pictures, mut open) = (Vec::new(), Vec::new(), Vec::new());
    for piece in rest.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap_or_else(|| panic!("<{piece}"));
        assert!(!text.contains('>'), "{text}");
        for entity in text.split('&').skip(1) {
            let (name, _) = entity
                .split_once(';')
                .unwrap_or_else(|| panic!("&{entity}"));
            let is_entity = name.starts_with('#') || matches!(name, "nbsp" | "gt" | "lt" | "amp");
            assert!(is_entity, "&{name};");
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{text}");
            continue;
        }
        let name = tag.split(' ').next().unwrap();
        assert!(KNOWN.contains(&name), "<{tag}>");
        links.extend(attribute(tag, "href"));
        pictures.extend(attribute(tag, "src"));
        if !EMPTY.contains(&name) {
            open.push(name);
        }
        assert!(name != "img" || attribute(tag, "alt").is_some(), "<{tag}>");
    }
    assert_eq!(open, Vec::<&str>::new());
    (links, pictures)
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    Some(rest.split_once('"').unwrap().0)
}

/// Elements of HTML 4.01 that have no end.
const EMPTY: [&str; 4] = ["meta", "img", "br", "hr"];

/// Elements of HTML 4.01 that the pages may use. `script` is none of them.
const KNOWN: [&str; 27] = [
    "html", "head", "meta", "title", "style", "body", "table", "tr", "td", "th", "a", "b", "i",
    "tt", "pre", "p", "ul", "ol", "li", "h1", "h2", "font", "hr", "img", "br", "form", "input",
];
