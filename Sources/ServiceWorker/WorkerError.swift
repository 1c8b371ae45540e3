internal import Glibc

/// A function of libportcullis-worker has failed.
public struct WorkerError: Error, CustomStringConvertible {
    /// The function, without its prefix.
    public let function: String
    /// The error's number, as EBUSY.
    public let code: CInt

    public var description: String {
        "portcullis_worker_\(function): \(String(cString: strerror(code)))"
    }
}

func check(_ function: String, _ code: CInt) throws(WorkerError) {
    if code != 0 { throw WorkerError(function: function, code: code) }
}
