public import AdminAPI
import Logging

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
        var composer = ReportComposer(session: session)
        var pause = interval
        var trouble: String?
        var sentAt = clock.now
        while !Task.isCancelled {
            await sleep(pause)
            guard !Task.isCancelled, status.poll?.succeededAt != nil, status.poll?.error == nil,
                let (message, after) = composer.message(
                    for: status.report(program: program, at: clocks()),
                    isDue: clock.now - sentAt >= Self.longestReportPause)
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

    /// The longest time without a message.
    private static var longestReportPause: Duration { .seconds(60) }
}
