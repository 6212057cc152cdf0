//! Text of others on a terminal: what may not reach it is taken out here, and everything is measured
//! in columns, by graphemes (UAX #11 and #29).

use ratatui::buffer::CellWidth as _;
use unicode_segmentation::UnicodeSegmentation as _;

/// Text of several lines without what would move the cursor, turn the writing around or hide words.
pub(crate) fn block(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let mut out = String::with_capacity(text.len());
    for grapheme in text.graphemes(true) {
        let mut room = LONGEST_GRAPHEME;
        for c in grapheme.chars() {
            match c {
                '\r' | '\n' | '\u{0b}' | '\u{0c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                    out.push('\n');
                }
                '\t' => out.push_str("    "),
                c if c.is_control() || is_hidden(c) => {}
                c => {
                    let Some(left) = usize::checked_sub(room, c.len_utf8()) else {
                        break;
                    };
                    room = left;
                    out.push(c);
                }
            }
        }
    }
    out
}

/// The same on one line.
pub(crate) fn line(text: &str) -> String {
    let text = block(text).replace('\n', " ");
    text.trim().to_owned()
}

/// Embeddings and overrides of direction, byte order marks, soft hyphens, annotations.
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// How many columns it takes.
pub(crate) fn width(text: &str) -> usize {
    text.graphemes(true).map(columns).sum()
}

/// As it is drawn; a line break takes none.
fn columns(grapheme: &str) -> usize {
    if grapheme.contains(char::is_control) {
        return 0;
    }
    grapheme.cell_width().into()
}

/// As much as fits into so many columns, with an ellipsis if that is not all.
pub(crate) fn fit(text: &str, columns_left: usize) -> String {
    if width(text) <= columns_left {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for grapheme in text.graphemes(true) {
        used += columns(grapheme);
        if used > columns_left {
            break;
        }
        out.push_str(grapheme);
    }
    if columns_left > 0 {
        out.push('…');
    }
    out
}

/// Lines of at most so many columns, broken between words, or between wide characters, or wherever
/// a word is longer than a line.
pub(crate) fn wrap(text: &str, columns_wide: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        wrap_paragraph(paragraph, columns_wide.max(2), &mut lines);
    }
    lines
}

fn wrap_paragraph(paragraph: &str, limit: usize, lines: &mut Vec<String>) {
    let mut line = String::new();
    let mut used = 0;
    let mut break_at = None;
    for grapheme in paragraph.graphemes(true) {
        let more = columns(grapheme);
        if used + more > limit && grapheme == " " {
            lines.push(std::mem::take(&mut line));
            (used, break_at) = (0, None);
            continue;
        }
        while used + more > limit && !line.is_empty() {
            let rest = match break_at.take() {
                Some(at) if at < line.len() => line.split_off(at),
                _ => String::new(),
            };
            line.truncate(line.trim_end().len());
            lines.push(std::mem::replace(&mut line, rest));
            used = width(&line);
        }
        line.push_str(grapheme);
        used += more;
        if grapheme == " " || more > 1 {
            break_at = Some(line.len());
        }
    }
    lines.push(line);
}

/// Pieces of at most so many bytes, broken between words where there are any.
pub(crate) fn pieces(text: &str, limit: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    for word in text.split_word_bounds() {
        let parts: Vec<&str> = if word.len() > limit {
            word.graphemes(true).collect()
        } else {
            vec![word]
        };
        for part in parts {
            if piece.len() + part.len() > limit {
                pieces.push(std::mem::take(&mut piece));
            }
            piece.push_str(part);
        }
    }
    pieces.push(piece);
    pieces.retain(|piece| !piece.trim().is_empty());
    pieces
}

/// A flag of a region and a family of four fit; a letter under a hundred accents does not.
const LONGEST_GRAPHEME: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_the_cursor_or_turns_words_around_is_left() {
        let evil = "a\u{1b}[2J\u{7}b\u{9b}31mc\u{202e}d\u{0}\u{8}\re\r\nf\u{2028}g\th";
        assert_eq!(block(evil), "a[2Jb31mcd\ne\nf\ng    h");
        assert_eq!(line(" x\ny "), "x y");
        let tower = format!("e{}x", "\u{301}".repeat(500));
        assert!(block(&tower).len() <= LONGEST_GRAPHEME + 1);
        assert!(block(&tower).ends_with('x'));
        assert_eq!(block("👨‍👩‍👧‍👦 é"), "👨‍👩‍👧‍👦 é");
    }

    #[test]
    fn columns_are_counted_not_characters() {
        assert_eq!(width("日本"), 4);
        assert_eq!(width("e\u{301}"), 1);
        assert_eq!(width("👨‍👩‍👧‍👦"), 2);
        assert_eq!(fit("日本語", 5), "日本…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(fit("abc", 3), "abc");
        assert_eq!(fit("abc", 0), "");
    }

    #[test]
    fn words_stay_whole_where_they_can() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("one two", 3), ["one", "two"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("a abcdef", 4), ["a", "abcd", "ef"]);
        assert_eq!(wrap("日本語です", 5), ["日本", "語で", "す"]);
        assert_eq!(wrap("a\n\nb", 5), ["a", "", "b"]);
        assert_eq!(wrap("", 5), [""]);
    }

    #[test]
    fn no_line_is_ever_too_wide_and_nothing_is_lost() {
        let text = "Ein 日本語 mixed 👨‍👩‍👧‍👦 text  with  e\u{301}\u{301} accents, loooooooooong words and — dashes";
        for limit in 2..30 {
            let lines = wrap(text, limit);
            assert!(lines.iter().all(|line| width(line) <= limit), "{limit}");
            let squeeze = |text: &str| text.replace(' ', "");
            assert_eq!(squeeze(&lines.concat()), squeeze(text), "{limit}");
        }
    }

    #[test]
    fn long_texts_go_in_pieces() {
        let text = "word ".repeat(100);
        let pieces = pieces(&text, 64);
        assert!(pieces.iter().all(|piece| piece.len() <= 64));
        assert_eq!(pieces.concat(), text);
        assert!(super::pieces("  ", 64).is_empty());
        assert_eq!(super::pieces(&"日".repeat(50), 30).len(), 5);
    }
}
