import AdminAPI
import AdminClient
import CommandLineSupport
import Text

/// Waits until gateways have confirmed a change, and, for a drain, until no connection is left.
struct ConfirmationWait {
    /// What is waited for at one location.
    struct Goal {
        let location: String
        /// The generation of the change; `nil`: the newest.
        var generation: Int?
        /// The instances whose connections must have ended. One that is not at weight 0 any more has none that are
        /// counted: whoever drains looks afterwards whether it still drains.
        var drained: Set<ExactText> = []
        /// Whether there must be a gateway at all.
        var needsGateway = false
    }

    /// What a location has said last.
    private struct Answer {
        var goal: Goal
        var confirmation: Confirmation?
        var tag: String?
        /// Whether there is no such location any more: its gateways keep what they have.
        var isGone = false
    }

    private let client: AdminResources
    private let seconds: Int
    private let deadline: ContinuousClock.Instant
    private let without: Set<ExactText>
    /// The longest that an answer is held, in seconds: a change that wakes nobody is seen after that.
    private static let longestHold = 5
    /// How many names of what is still open are printed, while it waits and at the end.
    private static let shown = 5
    private static let shownAtLast = 20

    /// - Parameters:
    ///   - seconds: the time after which the wait fails.
    ///   - start: when that time began.
    ///   - without: the names of gateways that are not waited for.
    init(
        _ client: AdminResources, within seconds: Int, since start: ContinuousClock.Instant = .now,
        without: [String] = []
    ) {
        self.client = client
        self.seconds = seconds
        deadline = start + .seconds(seconds)
        self.without = Set(without.map { ExactText($0) })
    }

    /// Returns when all goals are reached.
    ///
    /// Throws `CommandError` with what is still open when the time is over, and at once if a gateway holds a change
    /// back.
    func run(_ goals: [Goal]) async throws {
        var open = goals.map { Answer(goal: $0) }
        var progress = WaitProgress()
        defer { progress.end() }
        if !without.isEmpty { try checkNames(try await client.gateways(), goals) }
        while !open.isEmpty {
            for index in open.indices {
                // Only the first is held, so that the others are looked at, too.
                try await ask(&open[index], isHeld: index == 0, holding: open.count == 1 ? Self.longestHold : 1)
            }
            for answer in open { try checkHeld(answer) }
            for answer in open where isReached(answer) && !answer.isGone && gateways(answer).isEmpty {
                let isUnknown = answer.confirmation?.gateways.isEmpty ?? true
                let reason =
                    isUnknown
                    ? "ADMIN knows no gateway of \(answer.goal.location)"
                    : "every gateway of \(answer.goal.location) is left out"
                StandardError.write("Note: \(reason.printable): nothing was waited for there.")
            }
            open.removeAll(where: isReached)
            progress.show(open.flatMap(missing).joined(atMost: Self.shown, separator: "; "))
            guard open.isEmpty || .now < deadline else {
                progress.end()
                throw try await timeout(open)
            }
        }
    }

    /// A name that no gateway of the locations has would silently exclude nothing.
    private func checkNames(_ gateways: [GatewayResource], _ goals: [Goal]) throws {
        let locations = Set(goals.map { ExactText($0.location) })
        let known = Set(gateways.filter { locations.contains(ExactText($0.location)) }.map { ExactText($0.name) })
        guard !goals.isEmpty, let wrong = without.subtracting(known).sorted().first else { return }
        throw CommandError(
            "--without-gateway: no location concerned has a gateway \(wrong.wrappedValue.printable)",
            hint: "What was changed stays; `portcullis gateways` lists them.")
    }

    /// Asks about a location; ADMIN holds its answer until it differs from the last.
    private func ask(_ answer: inout Answer, isHeld: Bool, holding longest: Int) async throws {
        var query = answer.goal.generation.map { [(QueryParameter.generation, "\($0)")] } ?? []
        if !answer.goal.drained.isEmpty { query.append((QueryParameter.connections, "true")) }
        var request = AdminRequest(.get, .confirmation(at: answer.goal.location), query: query)
        let left = Int((deadline - .now).components.seconds)
        if let tag = answer.tag {
            request.known = [tag]
            request.wait = isHeld ? max(0, min(left, longest)) : 0
        }
        do {
            guard let reply = try await client.sendUnlessKnown(request) else {
                if request.wait == 0 { try await pause() }
                return
            }
            let confirmation: Confirmation = try client.value(of: reply, to: request)
            answer.goal.generation = confirmation.generation
            if answer.confirmation != nil, request.wait == 0 || !reply.wasHeld { try await pause() }
            answer.confirmation = confirmation
            answer.tag = reply.eTag
        } catch let error as CommandError where error.status == 404 {
            answer.isGone = true
            try await pause()
        } catch let error as CommandError where error.isTransient && .now < deadline {
            // ADMIN is being restarted, or cannot be reached for now.
            try await Task.sleep(for: .seconds(1))
        }
    }

    private func pause() async throws { try await Task.sleep(for: .milliseconds(200)) }

    private func gateways(_ answer: Answer) -> [Confirmation.Gateway] {
        (answer.confirmation?.gateways ?? []).filter { !without.contains(ExactText($0.name)) }
    }

    private func checkHeld(_ answer: Answer) throws {
        guard let held = gateways(answer).first(where: { $0.standing == .held }) else { return }
        let reason = held.reason.map { ": \($0)" } ?? ""
        throw CommandError(
            "\(held.name.printable) of \(answer.goal.location.printable) holds the change back\(reason.printable)",
            hint: Self.heldHint)
    }

    private func isReached(_ answer: Answer) -> Bool { missing(answer).isEmpty }

    /// What is open at a location, a phrase each: `gw2 of tcn has not confirmed`, `tg.2: 3 connections`.
    private func missing(_ answer: Answer) -> [String] {
        let location = answer.goal.location.printable
        if answer.isGone { return answer.goal.needsGateway ? ["\(location) is gone"] : [] }
        guard answer.confirmation != nil else { return ["\(location): no answer yet"] }
        let gateways = gateways(answer)
        if gateways.isEmpty { return answer.goal.needsGateway ? ["no gateway of \(location) has polled"] : [] }
        let open = gateways.filter { $0.standing != .confirmed }
        guard open.isEmpty else {
            return ["\(open.map(\.name.printable).joined(atMost: Self.shown)) of \(location) not confirmed"]
        }
        return connections(answer.goal.drained, gateways, location)
    }

    private func connections(
        _ drained: Set<ExactText>, _ gateways: [Confirmation.Gateway], _ location: String
    ) -> [String] {
        guard !drained.isEmpty else { return [] }
        let uncounted = gateways.filter { $0.uncounted?.contains { drained.contains(ExactText($0)) } ?? true }
        guard uncounted.isEmpty else {
            return [
                "\(uncounted.map(\.name.printable).joined(atMost: Self.shown)) of \(location): connections not counted yet"
            ]
        }
        return drained.sorted().compactMap { instance in
            let count = gateways.reduce(0) { $0 + ($1.connections?[instance] ?? 0) }
            guard count > 0 else { return nil }
            return "\(instance.wrappedValue.printable): \(ConnectionsText.text(count))"
        }
    }

    // MARK: The end of the time

    private func timeout(_ open: [Answer]) async throws -> CommandError {
        let known = (try? await client.gateways()) ?? []
        var notes = [String]()
        var hint: String?
        for answer in open {
            let silent = gateways(answer).filter { $0.standing == .open }
            guard !silent.isEmpty else {
                notes += missing(answer)
                continue
            }
            for gateway in silent {
                let resource = known.first {
                    $0.name.isExactly(gateway.name) && $0.location.isExactly(answer.goal.location)
                }
                notes.append("\(gateway.name) of \(answer.goal.location) \(Self.state(resource))".printable)
                hint = hint ?? Self.hint(resource)
            }
        }
        let list = notes.joined(atMost: Self.shownAtLast, separator: "\n  ")
        return CommandError("still open after \(seconds) s:\n  \(list)", hint: hint)
    }

    private static func state(_ gateway: GatewayResource?) -> String {
        guard let gateway else { return "was forgotten" }
        if let needed = gateway.neededVersion { return "cannot read the export, which needs version \(needed)" }
        if gateway.held != nil { return "has not confirmed, and holds an export back" }
        if gateway.age > longestSilence {
            return "has not confirmed, and last polled \(ResourceTables.duration(gateway.age)) ago"
        }
        return gateway.failures.map { $0 > 0 ? "has not confirmed: its kernel refuses \($0) steps" : nil }
            .flatMap { $0 } ?? "has not confirmed"
    }

    private static let heldHint = "What a gateway holds back waits for its operator: see `portcullis gateways`."
    /// A gateway polls every few seconds.
    private static let longestSilence = 15.0

    private static func hint(_ gateway: GatewayResource?) -> String? {
        guard let gateway else { return nil }
        if gateway.held != nil { return heldHint }
        guard gateway.age > longestSilence else { return nil }
        return
            "A silent gateway may still forward. --without-gateway \(gateway.name.printable) waits for the others; if "
            + "it is no more, `portcullis gateways forget \(gateway.name.printable)`."
    }
}
