/// A reload under way: one place after the other.
struct Reload: Sendable, Equatable {
    enum Kind: Sendable {
        /// As the settings say.
        case reload
        /// A restart, whatever the settings say.
        case restart
    }

    enum Step: Sendable, Equatable {
        /// The first of `numbers` is to be reloaded.
        case next
        /// The process of this generation starts beside that of `old`.
        case replacement(number: Int, generation: Int, old: Int)
        /// The old process is ending.
        case end(old: Int)
        /// The place is empty, or what has it was started anew. `problems` counts those that there were before.
        case start(number: Int, problems: Int)
        /// The process has its signal.
        case settling(number: Int, generation: Int, until: Int)
        /// The process has the message.
        case answer(number: Int, generation: Int, until: Int)
    }

    /// A reload that is yet to begin.
    struct Wish: Sendable, Equatable {
        let kind: Kind
        /// The one worker that is reloaded; `nil`: all.
        let number: Int?
        /// Who waits for the end.
        var tickets: [Int]
    }

    let kind: Kind
    /// Who waits for the end.
    let tickets: [Int]
    /// What is younger was started with what is new.
    let mark: Int
    /// The one worker that it is about; `nil`: all.
    let only: Int?
    /// The workers whose pause after a failure it has ended. They come first: they show whether what is new serves.
    let awakened: Set<Int>
    var numbers: [Int]
    /// Whether a worker was left as it was: the settings say so, and it takes no message with its configuration.
    var hasLeftAlone = false
    var step = Step.next

    /// When the step is over, in milliseconds.
    var deadline: Int? {
        switch step {
        case .settling(_, _, let until), .answer(_, _, let until): until
        case .next, .replacement, .end, .start: nil
        }
    }
}

extension Supervisor {
    /// Takes a configuration file that was left alone for a while.
    mutating func takeConfiguration() {
        guard let moment = configurationAt, moment <= now.milliseconds else { return }
        configurationAt = nil
        actions.append(.noteConfiguration)
        want(.reload)
    }

    /// Begins a reload, or has it done after the one that is under way.
    ///
    /// - Parameters:
    ///   - number: the one worker that is reloaded; `nil`: all.
    ///   - ticket: who waits for the end.
    mutating func want(_ kind: Reload.Kind, number: Int? = nil, ticket: Int? = nil) {
        var wish = Reload.Wish(kind: kind, number: number, tickets: ticket.map { [$0] } ?? [])
        guard !isStopping else {
            actions += wish.tickets.map { .done(ticket: $0, problem: "the service is being stopped") }
            return
        }
        guard reload != nil else { return begin(wish) }
        func isOfAll(_ other: Reload.Wish) -> Bool { other.kind == .restart && other.number == nil }
        if isOfAll(wish) {
            // What is started anew starts with what is new.
            wish.tickets = waiting.flatMap(\.tickets) + wish.tickets
            waiting = [wish]
        } else if let index = waiting.firstIndex(where: {
            isOfAll($0) || ($0.kind == wish.kind && $0.number == wish.number)
        }) {
            waiting[index].tickets += wish.tickets
        } else {
            waiting.append(wish)
        }
    }

    private mutating func begin(_ wish: Reload.Wish) {
        let numbers = wish.number.map { [$0] } ?? places.map(\.number)
        let awakened = awaken(numbers)
        reload = Reload(
            kind: wish.kind, tickets: wish.tickets, mark: generation, only: wish.number, awakened: Set(awakened),
            numbers: awakened + numbers.filter { !awakened.contains($0) })
    }

    /// Forgets the failures of these workers, and ends the pauses after them. Returns those that were in one.
    private mutating func awaken(_ numbers: [Int]) -> [Int] {
        var awakened: [Int] = []
        for index in places.indices where numbers.contains(places[index].number) {
            places[index].backOff = BackOff()
            guard places[index].startAt != nil, places[index].current == nil else { continue }
            places[index].startAt = now.milliseconds
            // It is asked for.
            places[index].hasFailed = false
            awakened.append(places[index].number)
        }
        return awakened
    }

    /// Takes one step. Returns whether there may be another one right away.
    mutating func settleReload() -> Bool {
        guard let current = reload else { return false }
        switch current.step {
        case .next: return reloadNext()
        case .replacement(let number, let generation, let old):
            guard let place = places.first(where: { $0.number == number }), place.current?.generation == generation,
                place.isServed
            else { return false }
            reload?.step = .end(old: old)
            return true
        case .end(let old):
            guard worker(old)?.phase != .stopping else { return false }
            reload?.step = .next
            return true
        case .start(let number, _):
            guard let place = places.first(where: { $0.number == number }), place.isServed else { return false }
            reload?.step = .next
            return true
        case .settling(_, _, let until):
            guard until <= now.milliseconds else { return false }
            reload?.step = .next
            return true
        case .answer(let number, _, let until):
            guard until <= now.milliseconds else { return false }
            finishReload("\(name(number)): it has not answered whether it takes the configuration")
            return true
        }
    }

    private mutating func reloadNext() -> Bool {
        guard let current = reload else { return false }
        guard let number = current.numbers.first, let index = places.firstIndex(where: { $0.number == number }) else {
            finishReload(nil)
            return true
        }
        let place = places[index]
        if current.awakened.contains(number) {
            take(.start(number: number, problems: place.problems))
            return true
        }
        // What starts later starts with what is new.
        guard let worker = place.current, worker.generation <= current.mark else {
            reload?.numbers.removeFirst()
            return true
        }
        guard place.isFree else { return false }
        // The signal could end one that does not handle it yet.
        if current.kind == .reload, case .signal = settings.effectiveReload, worker.phase != .ready { return false }
        if current.kind == .reload, worker.saysHello, let path = settings.configuration {
            actions.append(.send(generation: worker.generation, .configuration(path: path)))
            if worker.takesConfiguration {
                let until = now.milliseconds + settings.startTimeout
                take(.answer(number: number, generation: worker.generation, until: until))
                return false
            }
        }
        switch (current.kind, settings.effectiveReload) {
        case (.reload, .nothing):
            reload?.hasLeftAlone = true
            reload?.numbers.removeFirst()
            return true
        case (.reload, .signal(let signal)):
            actions.append(.signal(generation: worker.generation, signal))
            take(.settling(number: number, generation: worker.generation, until: now.milliseconds + Self.settleTime))
            return false
        case (.reload, .restart), (.restart, _):
            return restart(index, worker)
        }
    }

    /// Why workers were left as they were, and what helps.
    private var notReloaded: String {
        let reason = settings.reload == nil ? "the type has neither reload nor listen" : "the type's reload is none"
        return
            "not reloaded: \(reason); \"portcullis services restart \(settings.name) --workers\" starts what runs anew"
    }

    private mutating func take(_ step: Reload.Step) {
        reload?.numbers.removeFirst()
        reload?.step = step
    }

    private mutating func restart(_ index: Int, _ worker: Worker) -> Bool {
        let place = places[index]
        if worker.phase == .ready && settings.canOverlap {
            let generation = startNext(index)
            take(.replacement(number: place.number, generation: generation, old: worker.generation))
            return false
        }
        let others = places.filter { $0.number != place.number }
        guard worker.phase != .ready || others.isEmpty || others.contains(where: \.isServed) else {
            finishReload("\(name(place.number)): no other worker serves, so it was not restarted")
            return true
        }
        // Without sockets that both could have, the old one goes first. One that does not serve yet does so, too.
        remove(worker.generation, at: index)
        askToEnd(worker, at: index)
        places[index].startAt = now.milliseconds
        places[index].becomeEmpty(at: now)
        take(.start(number: place.number, problems: place.problems))
        return true
    }

    /// The worker has answered the message with its configuration.
    mutating func answer(_ generation: Int, problem: String?) {
        guard case .answer(let number, generation, _)? = reload?.step else { return }
        if let problem { failReload(number, problem) } else { reload?.step = .next }
    }

    /// Ends the reload if it is this worker that it is about.
    mutating func failReload(_ number: Int, _ reason: String) {
        switch reload?.step {
        case .replacement(number, let generation, _)?:
            // The old one has failed, and the new one goes on.
            if places.contains(where: { $0.current?.generation == generation || $0.next?.generation == generation }) {
                return
            }
        case .start(number, let problems)?:
            if places.contains(where: { $0.number == number && $0.problems == problems }) { return }
        case .settling(number, _, _)?, .answer(number, _, _)?: break
        default:
            // Its turn would come.
            guard let reload, reload.awakened.contains(number), reload.numbers.contains(number) else { return }
        }
        finishReload("\(name(number)): \(reason)")
    }

    private mutating func finishReload(_ problem: String?) {
        let tickets = reload?.tickets ?? []
        lastReload = ReloadResult(at: now.wall, problem: problem)
        if let problem {
            actions.append(.say("the reload was given up: \(problem)"))
            actions += tickets.map { .done(ticket: $0, problem: problem) }
        } else if reload?.hasLeftAlone ?? false {
            actions.append(.say(notReloaded))
            actions += tickets.map { .notReloaded(ticket: $0, reason: notReloaded) }
        } else {
            actions.append(.say(reload?.only.map { "\(name($0)) is restarted" } ?? "all workers are reloaded"))
            actions += tickets.map { .done(ticket: $0, problem: nil) }
        }
        reload = nil
        if !waiting.isEmpty { begin(waiting.removeFirst()) }
    }
}
