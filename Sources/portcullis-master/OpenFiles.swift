import Glibc

/// The descriptors of this process.
enum OpenFiles {
    /// Raises the limit of open files to the highest that is allowed, since the master has the descriptors of all workers.
    /// Returns the limit that there was, which workers get.
    ///
    /// Descriptors that the master has inherited without knowing them, as the keeper's lock, are for its workers: they move
    /// out of the way of what workers get by number.
    ///
    /// - Parameters:
    ///   - known: what is the master's own.
    ///   - end: the first number that workers do not get by number.
    static func raise(keeping known: [Int32], above end: Int32) -> UInt {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let before = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        for descriptor in ProcessTable.descriptors
        where descriptor > 2 && descriptor < end && !known.contains(descriptor) {
            guard fcntl(descriptor, F_GETFD) & FD_CLOEXEC == 0, fcntl(descriptor, F_DUPFD, end) >= 0 else { continue }
            close(descriptor)
        }
        return UInt(before)
    }
}

/// The variables of this process, `NAME=VALUE`.
enum ProcessEnvironment {
    static var variables: [String] {
        var next = environ
        var found: [String] = []
        while let variable = next.pointee {
            found.append(String(cString: variable))
            next += 1
        }
        return found
    }
}
