package import AdminAPI
import JSON

extension ReportComposer<ServerReportMessage> {
    /// Turns a server's reports into messages. Load and free space, which always change, go with the message each minute.
    ///
    /// - Parameter session: what tells this agent from another of its name.
    package static func ofServer(session: String) -> Self {
        Self(session: session) { known, next in
            ["applied", "services", "jobs", "problems", "program", "purged"].contains { known[$0] != next[$0] }
        }
    }
}
