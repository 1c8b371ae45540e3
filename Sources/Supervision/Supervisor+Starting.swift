extension Supervisor {
    /// Starts a process that has the place.
    mutating func start(_ index: Int) {
        let worker = newWorker(places[index].number)
        places[index].current = worker
        places[index].startAt = nil
        if places[index].hasFailed { places[index].restarts += 1 }
        places[index].hasFailed = false
        places[index].emptySince = nil
        places[index].areSocketsClosed = false
        actions.append(.start(number: worker.number, generation: worker.generation))
    }

    /// Starts a process beside the one that has the place. Returns its generation.
    mutating func startNext(_ index: Int) -> Int {
        let worker = newWorker(places[index].number)
        places[index].next = worker
        actions.append(.start(number: worker.number, generation: worker.generation))
        return worker.generation
    }

    private mutating func newWorker(_ number: Int) -> Worker {
        generation += 1
        return Worker(number: number, generation: generation, at: now)
    }

    mutating func becomeReady(_ generation: Int) {
        guard let index = index(generation), let worker = worker(generation), worker.isStarting else { return }
        places[index].change(generation) { worker in
            worker.enter(.ready, at: now)
            worker.readyAt = now
            worker.lastSign = now.milliseconds
        }
        actions.append(.mark(number: worker.number, generation: generation, .ready))
        guard places[index].next?.generation == generation else { return }
        let old = places[index].current
        places[index].current = places[index].next
        places[index].next = nil
        if let old { askToEnd(old, at: index) }
    }

    /// Asks a process that has left its place to end.
    mutating func askToEnd(_ worker: Worker, at index: Int) {
        var worker = worker
        worker.enter(.stopping, at: now)
        worker.killAt = now.milliseconds + settings.stopTimeout
        places[index].leaving.append(worker)
        actions.append(.mark(number: worker.number, generation: worker.generation, .stopping))
        if worker.saysHello { actions.append(.send(generation: worker.generation, .stop)) }
        actions.append(.signal(generation: worker.generation, settings.stopSignal))
    }

    mutating func takeControl(_ generation: Int, _ message: ControlMessage) {
        switch message {
        case .hello(let takesConfiguration):
            change(generation) { worker in
                worker.saysHello = true
                worker.takesConfiguration = takesConfiguration
            }
        case .configurationTaken: answer(generation, problem: nil)
        case .configurationRefused(let reason):
            answer(
                generation,
                problem: reason.isEmpty ? "it refused the configuration" : "it refused the configuration: \(reason)")
        }
    }
}
