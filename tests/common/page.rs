//! A documentation page of a transform.

/// One page.
pub(crate) struct Page {
    pub(crate) text: &'static str,
}

/// A fenced example: `before`, `after` or `unchanged`, and its text.
pub(crate) struct Example {
    pub(crate) role: String,
    /// The second word behind the fence: the case whose files are the build context.
    pub(crate) case: Option<String>,
    pub(crate) text: String,
}

impl Page {
    pub(crate) fn examples(&self) -> Vec<Example> {
        let mut examples = Vec::new();
        let mut lines = self.text.lines();
        while let Some(line) = lines.next() {
            let Some(role) = line.strip_prefix("```dockerfile") else { continue };
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let text = body.iter().flat_map(|line| [*line, "\n"]).collect();
            let (role, case) = match role.trim().split_once(' ') {
                Some((role, case)) => (role, Some(case.to_owned())),
                None => (role.trim(), None),
            };
            examples.push(Example { role: role.to_owned(), case, text });
        }
        examples
    }

    /// The codes in the first column of its tables.
    pub(crate) fn codes(&self) -> Vec<&'static str> {
        let rows = self.text.lines().filter_map(|line| line.strip_prefix("| `"));
        let cells = rows.filter_map(|row| row.split_once(" |").map(|(cell, _)| cell));
        cells.flat_map(|cell| cell.split("`, `")).map(|code| code.trim_end_matches('`')).collect()
    }

    /// The paragraph that begins with `start`, on one line.
    pub(crate) fn paragraph(&self, start: &str) -> Option<String> {
        let found = self.text.split("\n\n").find(|paragraph| paragraph.starts_with(start))?;
        Some(found.replace('\n', " "))
    }
}
