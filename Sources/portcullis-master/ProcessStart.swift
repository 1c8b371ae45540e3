import CMaster
import Glibc
import Supervision

/// A process that waits for `release` before it becomes the program.
struct ProcessStart {
    let pid: pid_t
    let pidfd: Int32
    private let gate: Int32
    /// Gets the number of an error if the process cannot become the program.
    let fault: Int32

    /// Makes the process; `nil` with `errno` if that fails.
    ///
    /// - Parameters:
    ///   - descriptors: what it gets from 3 on.
    ///   - output: its standard output and standard error; -1: those of the master.
    ///   - files: its limit of open files, unless `limits` has one.
    init?(
        words: [String], variables: [String], descriptors: [Int32], output: Int32, files: UInt,
        limits: [MasterSettings.Limit]
    ) {
        var words = words.map { strdup($0) } + [nil]
        var variables = variables.map { strdup($0) } + [nil]
        defer { for text in words + variables { free(text) } }
        let limits = limits.map { one in
            let resource =
                switch one.resource {
                case .openFiles: RLIMIT_NOFILE
                case .data: RLIMIT_DATA
                case .processes: __RLIMIT_NPROC
                }
            return master_limit(resource: Int32(resource.rawValue), soft: UInt(one.soft), hard: UInt(one.hard))
        }
        var (pidfd, gate, fault): (Int32, Int32, Int32) = (-1, -1, -1)
        let pid = words.withUnsafeMutableBufferPointer { words in
            variables.withUnsafeMutableBufferPointer { variables in
                descriptors.withUnsafeBufferPointer { descriptors in
                    limits.withUnsafeBufferPointer { limits in
                        var order = master_order(
                            words: words.baseAddress, variables: variables.baseAddress,
                            descriptors: descriptors.baseAddress, descriptor_count: Int32(descriptors.count),
                            output: output,
                            files: files, limits: limits.baseAddress, limit_count: Int32(limits.count))
                        return master_start(&order, &pidfd, &gate, &fault)
                    }
                }
            }
        }
        guard pid > 0 else { return nil }
        self.pid = pid
        self.pidfd = pidfd
        self.gate = gate
        self.fault = fault
    }

    /// Lets it become the program.
    func release() {
        var byte: UInt8 = 1
        _ = Glibc.write(gate, &byte, 1)
        close(gate)
    }
}
