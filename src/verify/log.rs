//! What a failed build says, cut to where it failed.

use super::process::Finished;
use super::secrets::Hidden;

/// Most lines that are shown.
const LINES: usize = 30;
/// Longest line that is shown, in bytes.
const WIDTH: usize = 400;

/// The end of the builder's output. Of `BuildKit`'s plain progress that is the step that failed with what it wrote, the
/// lines of the Dockerfile around it, and the error.
pub(super) fn failed(done: &Finished, hidden: &Hidden) -> Vec<String> {
    let lines: Vec<&str> = done.out.lines().chain(done.err.lines()).collect();
    let step =
        lines.windows(2).rposition(|pair| matches!(pair, ["------", step] if step.starts_with(" > [")));
    let from = step.map_or(0, |at| at + 1).max(lines.len().saturating_sub(LINES));
    let end = lines.iter().skip(from).filter(|line| !line.trim().is_empty());
    let mut shown: Vec<String> = end.map(|line| cut(&hidden.mask(line))).collect();
    if done.late {
        shown.push("the build took too long and was stopped; allow more with --build-timeout".to_owned());
    }
    shown
}

fn cut(line: &str) -> String {
    if line.len() <= WIDTH {
        return line.to_owned();
    }
    let end = (0..=WIDTH).rev().find(|&at| line.is_char_boundary(at)).unwrap_or(0);
    format!("{}…", line.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(err: &str) -> Vec<String> {
        let done = Finished { code: Some(1), late: false, out: String::new(), err: err.into() };
        failed(&done, &Hidden::default())
    }

    #[test]
    fn the_failing_step_is_shown_without_secrets() {
        let err = "#4 [1/2] FROM a\n#5 RUN x\n#5 ERROR: exit code: 1\n------\n > [2/2] RUN x:\n0.1 API_TOKEN=abc123def456\n------\nERROR: failed to solve\n";
        let expected = [" > [2/2] RUN x:", "0.1 API_TOKEN=********", "------", "ERROR: failed to solve"];
        assert_eq!(shown(err), expected);
    }

    #[test]
    fn a_long_log_is_cut() {
        let long = format!("{}\n", "é".repeat(1000)).repeat(1000);
        let lines = shown(&long);
        assert_eq!(lines.len(), LINES);
        assert!(lines.iter().all(|line| line.len() <= WIDTH + '…'.len_utf8()));
    }
}
