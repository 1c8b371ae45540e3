extension Supervisor {
    mutating func takeNotStarted(_ generation: Int, _ reason: String) {
        guard let index = index(generation), let worker = worker(generation) else { return }
        actions.append(.forget(number: worker.number, generation: generation))
        let isNext = places[index].next?.generation == generation
        remove(generation, at: index)
        guard !isStopping else { return }
        places[index].lastEnd = LastEnd(at: now.wall, kind: .failed, reason: reason)
        if !hasStarted {
            problem = reason
            exitStatus = Self.statusCannotStart
            return stop()
        }
        actions.append(.say("\(name(worker.number)): \(reason)"))
        if isNext {
            failReload(worker.number, reason)
        } else if worker.phase != .stopping {
            leave(index, readyFor: 0)
            failReload(worker.number, reason)
        }
    }

    mutating func takeEnd(_ generation: Int, _ end: WorkerEnd, _ left: Int) {
        guard let index = index(generation), let worker = worker(generation) else { return }
        hasStarted = true
        actions.append(.forget(number: worker.number, generation: generation))
        let hadPlace = places[index].current?.generation == generation
        let isNext = places[index].next?.generation == generation
        remove(generation, at: index)
        guard !isStopping, hadPlace || isNext else { return }
        note(worker, kind(of: end), end, left: left, isParked: false)
        if isNext {
            failReload(worker.number, "the new process \(text(of: end)) before it was ready")
        } else {
            leave(index, readyFor: readyTime(of: worker))
            failReload(worker.number, "it \(text(of: end))")
        }
    }

    /// Why a worker is kept for a debugger.
    enum ParkCause {
        /// It has crashed, or gives no sign of life.
        case failure
        /// It wants to be taken for hung.
        case trigger
        /// Somebody wants it so, and the worker has not failed.
        case order
    }

    /// What `WATCHDOG=trigger` does, in words.
    private static let triggered = "it asked to be taken for hung (WATCHDOG=trigger)"

    /// A worker has crashed or hangs: another takes its place, and it is kept for a debugger.
    mutating func park(
        _ generation: Int, _ phase: Worker.Phase, _ report: WorkerCrash?, cause: ParkCause = .failure
    ) {
        guard let index = index(generation), var worker = worker(generation), !worker.phase.isParked else { return }
        hasStarted = true
        let hadPlace = places[index].current?.generation == generation
        let isNext = places[index].next?.generation == generation
        // One is enough for a debugger. Who crashes while the last one is still there is not kept.
        let isKept = !places[index].leaving.contains { $0.phase.isParked }
        // One that was told to end must end in time.
        worker.killAt = min(worker.killAt, now.milliseconds + Self.parkTime)
        worker.enter(isKept ? phase : .stopping, at: now)
        remove(generation, at: index)
        places[index].leaving.append(worker)
        actions.append(.mark(number: worker.number, generation: generation, worker.phase))
        note(
            worker, phase == .crashed ? .crashed : .hung, nil, report, isParked: isKept,
            saying: cause == .order
                ? "is dumped, as was ordered"
                : cause == .trigger ? "asks to be taken for hung (WATCHDOG=trigger)" : nil,
            reason: cause == .trigger ? Self.triggered : nil)
        if !isKept { kill(generation) }
        guard !isStopping, hadPlace || isNext else { return }
        if isNext {
            failReload(worker.number, "the new process crashed before it was ready")
        } else {
            leave(index, readyFor: readyTime(of: worker), isFailure: cause != .order)
            failReload(
                worker.number,
                cause == .order
                    ? "it was dumped"
                    : cause == .trigger
                        ? Self.triggered : phase == .crashed ? "it crashed" : "it gave no sign of life")
        }
    }

    /// A worker was not ready in time.
    mutating func takeNotReady(_ worker: Worker) {
        guard let index = index(worker.generation) else { return }
        hasStarted = true
        let isNext = places[index].next?.generation == worker.generation
        remove(worker.generation, at: index)
        askToEnd(worker, at: index)
        note(worker, .notReady, nil, isParked: false)
        if !isNext { leave(index, readyFor: 0) }
        failReload(
            worker.number, "\(isNext ? "the new process" : "it") was not ready after \(settings.startTimeout) ms")
    }

    mutating func remove(_ generation: Int, at index: Int) {
        if places[index].current?.generation == generation { places[index].current = nil }
        if places[index].next?.generation == generation { places[index].next = nil }
        places[index].leaving.removeAll { $0.generation == generation }
    }

    /// The place is empty: the one that starts beside takes it, or another one is started.
    private mutating func leave(_ index: Int, readyFor: Int, isFailure: Bool = true) {
        let pause = isFailure ? places[index].backOff.fail(readyFor: readyFor, random: &random) : 0
        places[index].problems += 1
        if let next = places[index].next {
            places[index].current = next
            places[index].next = nil
            if isFailure { places[index].restarts += 1 }
        } else {
            places[index].hasFailed = isFailure
            places[index].startAt = now.milliseconds + pause
            places[index].becomeEmpty(at: now)
        }
    }

    private func readyTime(of worker: Worker) -> Int {
        worker.readyAt.map { now.milliseconds - $0.milliseconds } ?? 0
    }

    private mutating func note(
        _ worker: Worker, _ kind: LastEnd.Kind, _ end: WorkerEnd?, _ report: WorkerCrash? = nil, left: Int = 0,
        isParked: Bool, saying text: String? = nil, reason: String? = nil
    ) {
        guard let index = places.firstIndex(where: { $0.number == worker.number }) else { return }
        let code: Int? =
            switch end {
            case .exited(let status): status
            case .killed(let signal): signal
            case .unknown, nil: report?.signal
            }
        places[index].lastEnd = LastEnd(at: now.wall, kind: kind, code: code, reason: reason, left: left)
        guard let process = worker.process else { return }
        let what =
            switch kind {
            case .exited, .killed: end.map(self.text) ?? "ended"
            case .crashed: (end.map(self.text) ?? "crashed") + (isParked ? ", and waits for a debugger" : "")
            case .hung: "gives no sign of life"
            case .notReady: "was not ready after \(settings.startTimeout) ms"
            case .failed: "failed"
            }
        let behind =
            left == 0 ? "" : "; it left \(left) processes behind, which were ended: it must stay in the foreground"
        actions.append(.say("\(name(worker.number)) (process \(process.pid)) \(text ?? what)\(behind)"))
        records.append(
            .record(
                CrashRecord(
                    number: worker.number, generation: worker.generation, process: process, kind: kind, end: end,
                    report: report, at: now.wall, isParked: isParked)))
    }

    /// SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS
    private static let faults: Set<Int> = [3, 4, 5, 6, 7, 8, 11, 31]

    private func kind(of end: WorkerEnd) -> LastEnd.Kind {
        switch end {
        case .exited: .exited
        case .killed(let signal): Self.faults.contains(signal) ? .crashed : .killed
        case .unknown: .killed
        }
    }

    private func text(of end: WorkerEnd) -> String {
        switch end {
        case .exited(let status): "ended with status \(status)"
        case .killed(let signal): "was ended by signal \(signal)"
        case .unknown: "ended"
        }
    }
}
