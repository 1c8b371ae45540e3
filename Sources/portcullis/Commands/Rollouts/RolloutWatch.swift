import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Dispatch
import Glibc
import Text

/// Watches a rollout to its end, or until it is paused.
struct RolloutWatch {
    private let client: AdminResources
    private let output: OutputOptions

    init(_ client: AdminResources, _ output: OutputOptions) {
        self.client = client
        self.output = output
    }

    /// Returns when the end that was asked for is reached. Throws the exit status of any other, after its message.
    /// - Parameters:
    ///   - id: the rollout.
    ///   - goal: the end that was asked for.
    ///   - isKnown: whether ADMIN has told of it before.
    func run(_ id: String, goal: RolloutState = .finished, isKnown: Bool = true) async throws {
        let display = RolloutDisplay(output.output)
        let interruption = Self.onInterrupt {
            display.end()
            StandardError.write(
                "The rollout goes on: `portcullis rollouts watch \(id)` watches it, `portcullis rollouts abort \(id)` "
                    + "ends it.")
        }
        defer { interruption.cancel() }
        let (rollout, outcome) = try await follow(id, goal, isKnown, display)
        let text = outcome.text(of: rollout)
        switch output.output {
        case .json: try StandardOutput.write(JSONText.line(rollout.json))
        case .yaml: try StandardOutput.write("---\n" + YAMLText.text(rollout.json))
        case .name: try StandardOutput.write(id)
        case .table, .wide: if outcome == .reached { try StandardOutput.write(text.printableLines) }
        }
        guard outcome != .reached else { return }
        StandardError.write("Error: \(text)")
        throw ExitCode(outcome.rawValue)
    }

    private func follow(
        _ id: String, _ goal: RolloutState, _ isKnown: Bool, _ display: RolloutDisplay
    ) async throws -> (RolloutResource, RolloutOutcome) {
        let clock = Task {
            while (try? await Task.sleep(for: .seconds(1))) != nil { display.tick() }
        }
        defer {
            clock.cancel()
            display.end()
        }
        var reading = HeldReading(request: AdminRequest(.get, .rollout(id)), hasAnswered: isKnown)
        reading.note = { display.say($0) }
        while true {
            guard let rollout = try await reading.next(client, as: RolloutResource.self) else { continue }
            try display.show(rollout)
            if let outcome = RolloutOutcome(of: rollout, goal: goal) { return (rollout, outcome) }
        }
    }

    /// Has Ctrl-C do something before it ends the process as it always does.
    private static func onInterrupt(_ body: @escaping @Sendable () -> Void) -> any DispatchSourceSignal {
        signal(SIGINT, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGINT)
        source.setEventHandler {
            body()
            signal(SIGINT, SIG_DFL)
            // To the process: threads of queues take no signals.
            kill(getpid(), SIGINT)
        }
        source.activate()
        return source
    }
}
