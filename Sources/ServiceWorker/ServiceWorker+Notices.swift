internal import CServiceWorker

extension ServiceWorker {
    /// The worker serves.
    public static func ready() throws(WorkerError) { try check("ready", portcullis_worker_ready()) }

    /// A sign of life, cheap enough for each round of a loop.
    public static func alive() throws(WorkerError) { try check("alive", portcullis_worker_alive()) }

    /// How often to call `alive()`; nil without a watchdog.
    public static var aliveInterval: Duration? {
        let milliseconds = portcullis_worker_alive_interval()
        return milliseconds == 0 ? nil : .milliseconds(milliseconds)
    }

    /// A line for people, shown with the worker; at most 256 bytes of it.
    public static func status(_ text: String) throws(WorkerError) {
        try check("status", portcullis_worker_status(text))
    }

    /// The worker has begun to end by itself.
    public static func stopping() throws(WorkerError) { try check("stopping", portcullis_worker_stopping()) }
}
