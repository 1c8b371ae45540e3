import CommandLineSupport

/// Tells what is waited for on standard error: on a terminal one line that is rewritten, elsewhere a line for each
/// news.
struct WaitProgress {
    /// Whether the line is rewritten.
    let isTerminal = StandardError.canRewrite
    private var shown = ""

    /// Shows what is open; an empty text shows nothing.
    mutating func show(_ text: String) {
        guard text != shown else { return }
        shown = text
        if isTerminal {
            StandardError.rewriteLine(text.isEmpty ? "" : "waiting: \(text)")
        } else if !text.isEmpty {
            StandardError.write("waiting: \(text)")
        }
    }

    /// Clears the line.
    mutating func end() { show("") }
}
