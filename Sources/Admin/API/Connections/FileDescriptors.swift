import Foundation

/// The process's file descriptors.
enum FileDescriptors {
    /// The number that the database, the log, network threads and libraries need.
    static let reserve = 64

    /// How many connections the limit of open files allows; at least one.
    static var roomForConnections: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 - reserve }
        return max(1, Int(clamping: limit.rlim_cur) - reserve)
    }
}
