extension Supervisor {
    /// Begins what is ordered, or says why not.
    mutating func take(_ order: WorkerOrder, _ ticket: Int) {
        switch order {
        case .reload: want(.reload, ticket: ticket)
        case .restart: want(.restart, ticket: ticket)
        case .restartWorker(let number):
            if let missing = refusal(ofWorker: number) { return refuse(ticket, missing) }
            want(.restart, number: number, ticket: ticket)
        case .dump(let number): dump(number, ticket)
        }
    }

    /// Keeps a worker for a debugger as if it hung. The replacement starts first.
    private mutating func dump(_ number: Int?, _ ticket: Int) {
        guard !isStopping else { return refuse(ticket, "the service is being stopped") }
        if let missing = number.flatMap(refusal(ofWorker:)) { return refuse(ticket, missing) }
        let index = places.firstIndex { place in place.isServed && (number.map { $0 == place.number } ?? true) }
        guard let index, let worker = places[index].current else {
            return refuse(ticket, number.map { "\(name($0)) is not ready" } ?? "no worker is ready")
        }
        guard !places[index].leaving.contains(where: \.phase.isParked) else {
            return refuse(ticket, "an earlier process of \(name(worker.number)) is still kept for a debugger")
        }
        park(worker.generation, .hung, nil, cause: .order)
        guard case .record(let record)? = records.last else { return refuse(ticket, "its process is not known") }
        records.append(.dumped(ticket: ticket, record))
    }

    /// Why nothing can be done with the worker of a number; `nil`: the service has one.
    package func refusal(ofWorker number: Int) -> String? {
        let numbers = places.map(\.number)
        guard !numbers.contains(number), let first = numbers.min(), let last = numbers.max() else { return nil }
        guard last > 0 else { return "\(settings.name) has no numbered workers" }
        return "\(settings.name) has no worker \(number); it has \(first == last ? "\(first)" : "\(first) to \(last)")"
    }

    private mutating func refuse(_ ticket: Int, _ problem: String) {
        actions.append(.done(ticket: ticket, problem: problem))
    }
}
