package import Logging

extension Logger {
    /// Warns that work in the background has failed. That it was cancelled is no failure: ADMIN stops, and what is left
    /// is done at the very end or after the next start.
    package func failure(_ text: Message, _ error: any Error, _ more: Metadata = [:]) {
        guard !(error is CancellationError) else { return }
        warning(text, metadata: more.merging(["error": "\(error)"]) { $1 })
    }
}
