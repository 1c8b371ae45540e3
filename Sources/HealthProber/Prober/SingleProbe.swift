import Glibc
public import HealthChecks
public import ServiceSupport

/// One probe by hand, as the prober makes it.
public enum SingleProbe {
    /// Makes the probe. Returns its outcome, and the microseconds that it took.
    ///
    /// - Parameter authorities: a file with the certificates to trust, instead of the system's.
    /// - Throws: if the kernel has no means to wait for events.
    public static func make(
        _ target: ProbeTarget, authorities: String? = nil
    ) throws(FileError) -> (outcome: ProbeOutcome, latency: Int) {
        let poller = try Poller()
        let runner = ProbeRunner(poller, authorities: authorities)
        _ = runner.begin(target, SocketName(target.address, port: target.port), for: 0, at: Instant.now)
        while true {
            if let finished = runner.takeFinished().first { return (finished.outcome, finished.latency) }
            let pause = max(0, (runner.nextDeadline ?? 0) - Instant.now.milliseconds)
            for index in 0..<poller.wait(milliseconds: pause) { runner.handle(poller[index]) }
            runner.expire(at: Instant.now)
        }
    }
}
