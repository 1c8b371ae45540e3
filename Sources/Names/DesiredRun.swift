/// Whether a service that ADMIN has installed is to run.
public enum DesiredRun: String, Sendable, Hashable, Codable, CaseIterable {
    case running
    case stopped
}
