internal import CServiceWorker

/// What a service in Swift may say to its master, and what it gets from it. docs/services.md tells of all of it; each
/// function here is that of portcullis/worker.h.
///
/// Importing this module also catches crashes of the program: see portcullis/crash.h.
public enum ServiceWorker {
    /// Takes what the master has left in the environment.
    ///
    /// Call it once, in the main thread, before other threads exist: it changes the environment. What is registered
    /// with the console has to be registered before.
    ///
    /// - Parameters:
    ///   - onConfiguration: takes a configuration that has changed; gets the file's path. What it throws is told to the
    ///     operator, and means that the service goes on as before. Without it the service is restarted, or gets a
    ///     signal.
    ///   - onStop: the service is to finish what it has begun, and to end.
    /// - Throws: `WorkerError` if a variable is malformed, or the second time.
    public static func begin(
        onConfiguration: (@Sendable (_ path: String) throws -> Void)? = nil,
        onStop: (@Sendable () -> Void)? = nil
    ) throws(WorkerError) {
        if let onConfiguration {
            try check("on_config", portcullis_worker_on_config(takeConfiguration, kept(onConfiguration)))
        }
        if let onStop {
            try check("on_stop", portcullis_worker_on_stop(takeStop, kept(onStop)))
        }
        try check("begin", portcullis_worker_begin())
    }

    /// Whether a master has started this process.
    public static var isManaged: Bool { portcullis_worker_is_managed() }

    /// The number of this worker, from 1 on; 0 where the service has one process only.
    public static var number: Int { Int(portcullis_worker_number()) }

    /// The service's name, as `tg.1`.
    public static var service: String? { portcullis_worker_service().map(String.init(cString:)) }

    /// The service's directory, which outlives its versions.
    public static var directory: String? { portcullis_worker_directory().map(String.init(cString:)) }

    /// The path of the configuration file.
    public static var configurationPath: String? { portcullis_worker_config_path().map(String.init(cString:)) }

    /// The sockets of one name of `listen`, in the order of their ports; all of them without a name.
    public static func sockets(named name: String? = nil) -> [CInt] {
        var descriptors: UnsafePointer<CInt>?
        let count =
            name.map { $0.withCString { portcullis_worker_sockets($0, &descriptors) } }
            ?? portcullis_worker_sockets(nil, &descriptors)
        return Array(UnsafeBufferPointer(start: descriptors, count: count))
    }

    /// A descriptor that is readable when `dispatch()` has something to do; -1 without a master.
    public static var descriptor: CInt { portcullis_worker_descriptor() }
}
