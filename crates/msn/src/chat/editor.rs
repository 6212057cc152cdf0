//! The line that is being written, and those that were: a cursor that moves by graphemes and words,
//! and a history.

use unicode_segmentation::UnicodeSegmentation as _;

use super::text;

/// Text with a cursor in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Editor {
    text: String,
    /// In bytes, always between two graphemes.
    cursor: usize,
}

/// Text as it is shown, and where the cursor is in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) lines: Vec<String>,
    pub(crate) cursor_row: usize,
    pub(crate) cursor_column: usize,
}

impl Editor {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// What stands before the cursor.
    pub(crate) fn before(&self) -> &str {
        &self.text[..self.cursor]
    }

    /// Other text, with the cursor at its end.
    pub(crate) fn set(&mut self, text: impl Into<String>) {
        self.text = text.into();
        self.cursor = self.text.len();
    }

    /// Hands the text over and begins anew.
    pub(crate) fn take(&mut self) -> String {
        self.cursor = 0;
        std::mem::take(&mut self.text)
    }

    /// Inserts what was typed or pasted, as far as there is room.
    pub(crate) fn insert(&mut self, text: &str) {
        let text = text::block(text);
        if self.text.len() + text.len() <= LONGEST {
            self.text.insert_str(self.cursor, &text);
            self.cursor += text.len();
        }
    }

    /// Puts this instead of so many bytes before the cursor.
    pub(crate) fn replace_before(&mut self, bytes: usize, text: &str) {
        let from = self.cursor.saturating_sub(bytes);
        self.text.replace_range(from..self.cursor, text);
        self.cursor = from + text.len();
    }

    pub(crate) fn backspace(&mut self) {
        let to = self.cursor;
        self.left();
        self.text.replace_range(self.cursor..to, "");
    }

    pub(crate) fn delete(&mut self) {
        let from = self.cursor;
        self.right();
        self.text.replace_range(from..self.cursor, "");
        self.cursor = from;
    }

    pub(crate) fn left(&mut self) {
        let last = self.before().graphemes(true).next_back();
        self.cursor -= last.map_or(0, str::len);
    }

    pub(crate) fn right(&mut self) {
        let next = self.text[self.cursor..].graphemes(true).next();
        self.cursor += next.map_or(0, str::len);
    }

    pub(crate) fn word_left(&mut self) {
        let words = self.before().split_word_bound_indices();
        let mut words = words.filter(|(_, word)| !word.trim().is_empty());
        self.cursor = words.next_back().map_or(0, |(at, _)| at);
    }

    pub(crate) fn word_right(&mut self) {
        let words = self.text[self.cursor..].split_word_bound_indices();
        let mut words = words.filter(|(_, word)| !word.trim().is_empty());
        let next = words.next().map(|(at, word)| self.cursor + at + word.len());
        self.cursor = next.unwrap_or(self.text.len());
    }

    pub(crate) fn home(&mut self) {
        self.cursor = 0;
    }

    pub(crate) fn end(&mut self) {
        self.cursor = self.text.len();
    }

    pub(crate) fn delete_word(&mut self) {
        let to = self.cursor;
        self.word_left();
        self.text.replace_range(self.cursor..to, "");
    }

    pub(crate) fn delete_to_start(&mut self) {
        self.text.replace_range(..self.cursor, "");
        self.cursor = 0;
    }

    pub(crate) fn delete_to_end(&mut self) {
        self.text.truncate(self.cursor);
    }

    /// The text in lines of so many columns. Broken anywhere, so that nothing moves while one types.
    pub(crate) fn rows(&self, columns: usize) -> Rows {
        let columns = columns.max(2);
        let mut rows = Rows {
            lines: vec![String::new()],
            cursor_row: 0,
            cursor_column: 0,
        };
        let mut used = 0;
        for (at, grapheme) in self.text.grapheme_indices(true) {
            let width = text::width(grapheme);
            if used + width > columns {
                rows.lines.push(String::new());
                used = 0;
            }
            if at == self.cursor {
                rows.cursor_row = rows.lines.len() - 1;
                rows.cursor_column = used;
            }
            if grapheme == "\n" {
                rows.lines.push(String::new());
                used = 0;
            } else if let Some(line) = rows.lines.last_mut() {
                line.push_str(grapheme);
                used += width;
            }
        }
        if self.cursor == self.text.len() {
            if used == columns {
                rows.lines.push(String::new());
                used = 0;
            }
            rows.cursor_row = rows.lines.len() - 1;
            rows.cursor_column = used;
        }
        rows
    }
}

/// What was written before, the last one last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Past {
    lines: Vec<String>,
    /// Which of them is shown.
    at: Option<usize>,
    /// What was being written when one went back.
    draft: String,
}

impl Past {
    pub(crate) fn remember(&mut self, line: &str) {
        self.at = None;
        if self.lines.last().is_none_or(|last| last != line) {
            self.lines.push(line.to_owned());
        }
        if self.lines.len() > LINES {
            self.lines.remove(0);
        }
    }

    pub(crate) fn older(&mut self, editor: &mut Editor) {
        let at = match self.at {
            Some(at) => at.saturating_sub(1),
            None if self.lines.is_empty() => return,
            None => {
                self.draft = editor.text().to_owned();
                self.lines.len() - 1
            }
        };
        self.at = Some(at);
        editor.set(self.lines[at].clone());
    }

    pub(crate) fn newer(&mut self, editor: &mut Editor) {
        let Some(at) = self.at else { return };
        match self.lines.get(at + 1) {
            Some(line) => {
                self.at = Some(at + 1);
                editor.set(line.clone());
            }
            None => {
                self.at = None;
                editor.set(std::mem::take(&mut self.draft));
            }
        }
    }

    /// Something else is being written now.
    pub(crate) fn leave(&mut self) {
        self.at = None;
    }
}

/// Longest text that can be written, in bytes: that of an offline message.
const LONGEST: usize = 8192;
const LINES: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    fn editor(text: &str) -> Editor {
        let mut editor = Editor::default();
        editor.insert(text);
        editor
    }

    #[test]
    fn the_cursor_moves_by_what_people_see_as_one_letter() {
        let mut editor = editor("a👨‍👩‍👧‍👦e\u{301}");
        editor.backspace();
        assert_eq!(editor.text(), "a👨‍👩‍👧‍👦");
        editor.left();
        editor.insert("x");
        assert_eq!(editor.text(), "ax👨‍👩‍👧‍👦");
        editor.delete();
        assert_eq!(editor.text(), "ax");
        editor.home();
        editor.backspace();
        editor.end();
        editor.delete();
        assert_eq!(editor.text(), "ax");
    }

    #[test]
    fn words_are_jumped_over_and_deleted() {
        let mut editor = editor("one two three");
        editor.word_left();
        assert_eq!(editor.before(), "one two ");
        editor.delete_word();
        assert_eq!(editor.text(), "one three");
        editor.word_right();
        assert_eq!(editor.before(), "one three");
        editor.word_left();
        editor.delete_to_start();
        assert_eq!(editor.text(), "three");
        editor.delete_to_end();
        assert_eq!(editor.text(), "");
    }

    #[test]
    fn rows_show_where_the_cursor_is() {
        let mut editor = editor("abcdef");
        let rows = editor.rows(4);
        assert_eq!(rows.lines, ["abcd", "ef"]);
        assert_eq!((rows.cursor_row, rows.cursor_column), (1, 2));
        editor.set("abcd");
        let rows = editor.rows(4);
        assert_eq!((rows.cursor_row, rows.cursor_column), (1, 0));
        editor.set("日本語");
        assert_eq!(editor.rows(5).lines, ["日本", "語"]);
        editor.set("a\nb");
        editor.home();
        let rows = editor.rows(5);
        assert_eq!(rows.lines, ["a", "b"]);
        assert_eq!((rows.cursor_row, rows.cursor_column), (0, 0));
    }

    #[test]
    fn the_past_comes_back_and_so_does_the_draft() {
        let mut past = Past::default();
        let mut line = editor("draft");
        past.older(&mut line);
        assert_eq!(line.text(), "draft");
        for text in ["one", "two", "two"] {
            past.remember(text);
        }
        past.older(&mut line);
        past.older(&mut line);
        past.older(&mut line);
        assert_eq!(line.text(), "one");
        past.newer(&mut line);
        assert_eq!(line.text(), "two");
        past.newer(&mut line);
        assert_eq!(line.text(), "draft");
    }

    #[test]
    fn there_is_a_longest_text() {
        let mut editor = editor(&"x".repeat(LONGEST));
        editor.insert("y");
        assert_eq!(editor.text().len(), LONGEST);
    }
}
