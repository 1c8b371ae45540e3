import Glibc
import MasterLink
import Supervision
import Text

/// What ADMIN orders.
extension Master {
    /// Begins the link: first the master says what it is.
    func beginLink(_ settings: LinkSettings) {
        guard let desk else { return }
        tellLink()
        link = MasterLink(settings, desk.box) { Log.say($0) }
    }

    /// Takes what the link has left.
    func takeLink() {
        guard let desk else { return }
        for news in desk.news() {
            switch news {
            case .orders(let jobs, let logLevel, let tag):
                let begun = desk.take(jobs, logLevel: logLevel)
                if tag == nil || desk.has(tag) { release() }
                for job in begun { begin(job, desk) }
            case .noConfiguration: release()
            case .configuration(let tag, let bytes): takeConfiguration(tag, bytes, desk)
            case .token(let isRefused): desk.note(isRefused: isRefused)
            }
        }
    }

    private func begin(_ job: MasterJob, _ desk: LinkDesk) {
        switch job.kind {
        case .workers(let order): feed(.ordered(order, ticket: desk.ticket(.job(job.id))))
        case .logLevel(let level):
            let text = level.map { "log from \($0.printable)" } ?? "have their own level"
            desk.end(
                job.id,
                output: "workers that start from now on \(text) (PORTCULLIS_LOG_LEVEL); those that run do not change\n")
        case .lua(let lua): runLua(job.id, lua, desk)
        }
    }

    private func takeConfiguration(_ tag: String, _ bytes: [UInt8], _ desk: LinkDesk) {
        guard let path = settings.configuration else { return }
        let isFirst = access(path, F_OK) != 0
        let isNews = desk.write(tag, bytes, to: path)
        // The watch sees the file that it knows.
        noteConfiguration()
        noteChange()
        if heldUntil != nil { return release() }
        guard isNews else { return }
        if isFirst {
            // Workers that were started without a configuration do not know where it is, and none of them is ended for it.
            desk.takeLate(tag, generation: supervisor.generation)
        } else {
            feed(.ordered(.reload, ticket: desk.ticket(.configuration(tag))))
        }
    }

    /// Notes that the configuration is in use once all workers are younger.
    func settleLate() {
        guard let desk, let tag = desk.fileTag, let mark = desk.lateGeneration,
            supervisor.places.allSatisfy({ $0.current.map { $0.generation > mark } ?? true })
        else { return }
        desk.settle(tag, nil)
    }

    /// An order is carried out, or is given up.
    func done(_ ticket: Int, _ problem: String?) { desk?.done(ticket, problem: problem) }

    /// An ordered reload has left workers as they were.
    func notReloaded(_ ticket: Int, _ reason: String) { desk?.notReloaded(ticket, reason) }

    /// A worker was dumped as ordered.
    func dumped(_ ticket: Int, _ record: CrashRecord) {
        desk?.done(
            ticket, problem: nil,
            output: "\(record.number == 0 ? "the program" : "worker \(record.number)"), process \(record.process.pid), "
                + "is dumped as crash \(crashes.identifier(record))\n")
    }

    /// Says what the master is now.
    func tellLink() {
        guard let desk else { return }
        desk.box.tell(
            LinkSnapshot(
                process: Int(getpid()), startedAt: startedAt, phase: supervisor.phase, workers: supervisor.summaries,
                configuration: desk.configuration, fileTag: desk.fileTag, jobs: desk.jobs))
    }
}
