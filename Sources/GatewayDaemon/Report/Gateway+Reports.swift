public import AdminAPI
import GatewaySync
import Logging
import ServicesExport

/// Takes the reports of a gateway: ADMIN.
public protocol ReportReceiver: Sendable {
    /// Sends a message; `nil`: this ADMIN takes no reports.
    func send(_ message: GatewayReportMessage) async throws -> ReportAnswer?
}

extension Gateway {
    /// Tells ADMIN what has changed, as long as the task runs, and each minute that nothing has: ADMIN may have been
    /// restarted. What cannot be sent now is part of the next message; nothing else waits for it.
    /// - Parameters:
    ///   - program: the version of the program.
    ///   - session: what tells this daemon from another of its name.
    func report(to receiver: any ReportReceiver, program: String, session: String, every interval: Duration) async {
        var composer = ReportComposer<GatewayReportMessage>(session: session)
        var pause = interval
        var trouble: String?
        var sentAt = clock.now
        var watch = DrainingWatch()
        while !Task.isCancelled {
            await sleep(pause)
            guard !Task.isCancelled, status.poll?.succeededAt != nil, status.poll?.error == nil else { continue }
            countDraining(&watch)
            let longest = watch.isClose(at: clock.now) ? interval : Self.longestReportPause
            guard
                let (message, after) = composer.message(
                    for: status.report(program: program, at: clocks(), draining: watch.draining),
                    isDue: clock.now - sentAt >= longest)
            else { continue }
            sentAt = clock.now
            do {
                guard let answer = try await receiver.send(message) else {
                    composer.failed()
                    pause = Self.longestReportPause
                    continue
                }
                composer.heard(answer, to: after)
                pause = interval
                trouble = nil
            } catch {
                composer.failed()
                pause = min(pause * 2, Self.longestReportPause)
                guard !(error is CancellationError), trouble != "\(error)" else { continue }
                trouble = "\(error)"
                logger.warning("no report: \(error)", metadata: ["event": "report-failed"])
            }
        }
    }

    /// Counts the connections of instances at weight 0, if it is time. What cannot be counted is not told.
    private func countDraining(_ watch: inout DrainingWatch) {
        guard synchronizer.reconciler.desired.hasDraining, let current, stored.applied == current else {
            if watch.draining != nil { watch.take(nil, at: clock.now) }
            return
        }
        guard watch.isDue(for: current.etag, at: clock.now) else { return }
        let counts = try? synchronizer.drainingConnections(now: now)
        watch.take(
            counts.map { GatewayReport.Draining(export: current.etag, counts: $0) }, at: clock.now)
    }

    /// The longest time without a message.
    private static var longestReportPause: Duration { .seconds(60) }
}
