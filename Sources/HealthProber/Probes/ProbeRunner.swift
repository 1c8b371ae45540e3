import Glibc
import HealthChecks
import HeapModule
import NetworkTypes
import ServiceSupport

/// Makes probes: many at once, in one thread, by the system calls themselves. Who owns it waits with its poller and
/// tells it of events and of the time.
///
/// The path of a TCP check has no allocation: a place in an array, a socket, two events of epoll.
final class ProbeRunner {
    /// How many programs run at once. Those that are stuck are not among them.
    static let mostCommands = 64
    /// How many programs of one command may be stuck: it is not started again until one of them has ended.
    static let mostStuck = 4
    /// Milliseconds after which a program that was killed is stuck.
    private static let killTime = 1_000

    let poller: Poller
    private let contexts: TLSContexts
    private var flights: ContiguousArray<Flight> = []
    private var free: [Int] = []
    private var deadlines = Heap<Deadline>()
    private var pingSockets: [AddressFamily: PingSocket] = [:]
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
    private let starter = ProgramStarter()
    private var commands = 0
    /// How many programs of each command were killed and have not ended: the kernel waits for something, such as a file
    /// system that does not answer.
    private var stuck: [[String]: Int] = [:]
    private var sleeps = 0
    /// The probes that have ended since they were last taken.
    private(set) var finished: [FinishedProbe] = []

    private struct Deadline: Comparable {
        let instant: Int
        let place: Int
        let generation: UInt32

        static func < (a: Self, b: Self) -> Bool { a.instant < b.instant }
    }

    init(_ poller: Poller, authorities: String?) {
        self.poller = poller
        contexts = TLSContexts(authorities: authorities)
    }

    deinit {
        cancelAll()
        buffer.deallocate()
    }

    /// Makes ready for programs, while this process is small.
    func prepareForCommands() { starter.prepare() }

    /// Whether a program may be started now.
    var hasRoomForCommand: Bool { commands < Self.mostCommands }

    /// When the next probe has taken too long, in milliseconds; `nil`: none is under way.
    var nextDeadline: Int? {
        dropLeftovers()
        return deadlines.min?.instant
    }

    /// Takes the probes that have ended.
    func takeFinished() -> [FinishedProbe] {
        guard !finished.isEmpty else { return [] }
        defer { finished.removeAll(keepingCapacity: true) }
        return finished
    }

    /// The prober has slept: probes that take too long did so for want of the prober, not of an answer.
    func noteSleep() { sleeps += 1 }

    // MARK: Beginning

    /// Begins a probe. Returns its place; `nil` if it has ended already.
    func begin(_ target: ProbeTarget, _ name: SocketName, for owner: Int, at now: Int) -> Int? {
        let place = free.popLast() ?? flights.count
        if place == flights.count { flights.append(Flight()) }
        flights[place].generation = (flights[place].generation &+ 1) & 0xFF_FFFF
        flights[place].isUsed = true
        flights[place].owner = owner
        flights[place].start = now
        flights[place].timeout = target.check.timing.timeout
        flights[place].deadline = now.milliseconds + target.check.timing.timeout
        flights[place].sleeps = sleeps
        let outcome: ProbeOutcome? =
            switch target.check.probe {
            case .tcp: connect(place, name, .connection)
            case .tls, .http, .smtp: connect(place, name, .stream(StreamSession(target)))
            case .dns, .udp: send(place, name, target.check.probe)
            case .ping: ping(place, name, target.address.family)
            case .command(let words): run(place, words, target)
            }
        if let outcome {
            end(place, outcome)
            return nil
        }
        deadlines.insert(
            Deadline(instant: flights[place].deadline, place: place, generation: flights[place].generation))
        if deadlines.count > 2 * flights.count + 64 { rebuildDeadlines() }
        return place
    }

    private func tag(_ place: Int, _ kind: EventTag.Kind = .probe) -> EventTag {
        EventTag(kind, place: place, generation: flights[place].generation)
    }

    private func connect(_ place: Int, _ name: SocketName, _ kind: Flight.Kind) -> ProbeOutcome? {
        let descriptor = socket(name.family, SocketKind.stream, 0)
        guard descriptor >= 0 else { return SystemFault.outcome(errno) }
        flights[place].descriptor = descriptor
        flights[place].kind = kind
        if case .connection = kind { delayAcknowledgement(descriptor) }
        let result = name.withPointer { Glibc.connect(descriptor, $0, $1) }
        guard result == 0 || errno == EINPROGRESS else { return SystemFault.outcome(errno) }
        guard poller.add(descriptor, tag(place), .writing) else { return SystemFault.outcome(errno) }
        return nil
    }

    private func send(_ place: Int, _ name: SocketName, _ probe: Probe) -> ProbeOutcome? {
        guard let conversation = DatagramConversation(probe, id: .random(in: .min ... .max)) else {
            return .void(problem: "the name of a DNS check cannot be asked for")
        }
        let descriptor = socket(name.family, SocketKind.datagram, 0)
        guard descriptor >= 0 else { return SystemFault.outcome(errno) }
        flights[place].descriptor = descriptor
        flights[place].kind = .datagram(conversation)
        let result = name.withPointer { Glibc.connect(descriptor, $0, $1) }
        guard result == 0 else { return SystemFault.outcome(errno) }
        guard poller.add(descriptor, tag(place), .reading) else { return SystemFault.outcome(errno) }
        let bytes = conversation.datagram
        guard Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            return Self.datagramOutcome(errno)
        }
        return nil
    }

    private static func datagramOutcome(_ number: Int32) -> ProbeOutcome {
        number == ECONNREFUSED ? .failure("nothing listens at the port") : SystemFault.outcome(number)
    }

    private func ping(_ place: Int, _ name: SocketName, _ family: AddressFamily) -> ProbeOutcome? {
        if pingSockets[family] == nil {
            switch PingSocket.open(family, poller) {
            case .success(let socket): pingSockets[family] = socket
            case .failure(let fault): return fault.outcome
            }
        }
        switch pingSockets[family]?.send(to: name, for: tag(place)) {
        case .success(let echo): flights[place].kind = .ping(echo)
        case .failure(let fault): return fault.outcome
        case nil: break
        }
        return nil
    }

    private func run(_ place: Int, _ words: [String], _ target: ProbeTarget) -> ProbeOutcome? {
        guard stuck[words, default: 0] < Self.mostStuck else {
            return .void(
                problem: "\(words[0]) was killed \(Self.mostStuck) times and has not ended: does its file system "
                    + "answer?")
        }
        switch CommandRun.start(words, target, by: starter) {
        case .failure(let fault): return fault.outcome
        case .success(let run):
            guard poller.add(run.processDescriptor, tag(place, .process), .reading),
                poller.add(run.outputDescriptor, tag(place), .reading)
            else {
                let outcome = SystemFault.outcome(errno)
                run.abandon(to: starter)
                return outcome
            }
            commands += 1
            flights[place].kind = .command(run, words: words)
            return nil
        }
    }

    // MARK: Events

    /// Handles an event of a probe.
    func handle(_ event: Poller.Event) {
        switch event.tag.kind {
        case .ping4: receivePings(.ipv4)
        case .ping6: receivePings(.ipv6)
        case .probe, .process:
            let place = event.tag.place
            // It may have ended by an earlier event of the same wait.
            guard place < flights.count, flights[place].generation == event.tag.generation else { return }
            switch flights[place].kind {
            case .free, .ping: return
            case .connection: end(place, event.isBroken ? brokenConnection(place) : .success())
            case .stream(let session): handle(place, session, event)
            case .datagram(let conversation): receive(place, conversation)
            case .command(let run, let words): handle(place, run, words, event)
            }
        case .stop, .daemon, nil: return
        }
    }

    /// The error that is pending at a socket.
    private func pendingError(_ place: Int) -> Int32 {
        var number: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(flights[place].descriptor, SOL_SOCKET, SO_ERROR, &number, &length)
        return number
    }

    private func brokenConnection(_ place: Int) -> ProbeOutcome {
        let number = pendingError(place)
        // It was accepted, and closed at once.
        return number == 0 ? .success() : SystemFault.outcome(number)
    }

    private func handle(_ place: Int, _ session: StreamSession, _ event: Poller.Event) {
        if !session.isConnected {
            if event.isBroken, case let number = pendingError(place), number != 0 {
                return end(place, SystemFault.outcome(number))
            }
            session.begin(contexts, local: SocketName.local(of: flights[place].descriptor) ?? IPAddress(ipv4: 0))
            write(place, session)
            if let outcome = session.outcome { return end(place, outcome) }
            return poller.modify(
                flights[place].descriptor, tag(place), session.output.isEmpty ? .reading : [.reading, .writing])
        }
        let hadOutput = !session.output.isEmpty
        let count = recv(flights[place].descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
        if count > 0 {
            session.receive(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        } else if count == 0 {
            session.close()
        } else if errno != EAGAIN, errno != EINTR {
            return end(place, session.outcome ?? SystemFault.outcome(errno))
        }
        if session.outcome != nil { session.finish() }
        write(place, session)
        if let outcome = session.outcome { return end(place, outcome) }
        if hadOutput != !session.output.isEmpty {
            poller.modify(
                flights[place].descriptor, tag(place), session.output.isEmpty ? .reading : [.reading, .writing])
        }
    }

    /// Sends what the socket takes. An error is seen when it is read from.
    private func write(_ place: Int, _ session: StreamSession) {
        guard !session.output.isEmpty else { return }
        let count = Glibc.send(
            flights[place].descriptor, session.output, session.output.count, Int32(MSG_NOSIGNAL))
        if count > 0 { session.output.removeFirst(count) }
    }

    private func receive(_ place: Int, _ conversation: DatagramConversation) {
        var conversation = conversation
        defer { if flights[place].isUsed { flights[place].kind = .datagram(conversation) } }
        // A flood must not keep the others waiting.
        for _ in 0..<16 {
            let count = recv(flights[place].descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            guard count >= 0 else {
                let number = errno
                if number == EAGAIN || number == EINTR { return }
                return end(place, Self.datagramOutcome(number))
            }
            if let outcome = conversation.receive(UnsafeRawBufferPointer(rebasing: buffer[..<count])) {
                return end(place, outcome)
            }
        }
    }

    private func receivePings(_ family: AddressFamily) {
        for tag in pingSockets[family]?.receive(into: buffer) ?? []
        where flights[tag.place].generation == tag.generation {
            end(tag.place, .success())
        }
    }

    private func handle(_ place: Int, _ run: CommandRun, _ words: [String], _ event: Poller.Event) {
        run.read(into: buffer)
        guard event.tag.kind == .process, let outcome = run.reap(into: buffer) else { return }
        if flights[place].killed == .stuck { count(words, by: -1) } else { commands -= 1 }
        end(place, outcome)
    }

    /// Counts a program as stuck, or as stuck no more.
    private func count(_ words: [String], by step: Int) {
        stuck[words, default: 0] += step
        if stuck[words] == 0 { stuck[words] = nil }
    }

    // MARK: Ending

    /// Ends the probes that have taken too long.
    func expire(at now: Int) {
        dropLeftovers()
        while let deadline = deadlines.min, deadline.instant <= now.milliseconds {
            deadlines.removeMin()
            timeOut(deadline.place)
            dropLeftovers()
        }
    }

    private func timeOut(_ place: Int) {
        let timeout = flights[place].timeout
        switch flights[place].kind {
        case .free, .connection: end(place, .failure(ProbePhrase.noConnection(within: timeout)))
        case .stream(let session): end(place, .failure(session.silence(within: timeout)))
        case .datagram(let conversation):
            end(place, hasSlept(place) ? .void(problem: nil) : conversation.silence(within: timeout))
        case .ping: end(place, .failure(ProbePhrase.noAnswer(within: timeout)))
        case .command(_, let words) where flights[place].killed != .no:
            guard flights[place].killed == .ending, flights[place].deadline <= Instant.now.milliseconds else { return }
            flights[place].killed = .stuck
            count(words, by: 1)
            commands -= 1
        case .command(let run, _): end(place, run.silence(within: timeout))
        }
    }

    /// Whether the prober has slept during a probe. If the server seems to have failed then, it was perhaps the prober.
    private func hasSlept(_ place: Int) -> Bool { flights[place].sleeps != sleeps }

    /// Ends a probe whose outcome nobody waits for.
    func cancel(_ place: Int) {
        flights[place].owner = nil
        end(place, .void(problem: nil))
    }

    /// Ends all probes.
    func cancelAll() {
        for place in flights.indices { cancel(place) }
        finished = []
    }

    private func end(_ place: Int, _ outcome: ProbeOutcome) {
        guard flights[place].isUsed else { return }
        if let owner = flights[place].owner {
            var outcome = outcome
            if case .failure = outcome, hasSlept(place) { outcome = .void(problem: nil) }
            finished.append(
                FinishedProbe(owner: owner, outcome: outcome, latency: max(0, Instant.now - flights[place].start)))
        }
        flights[place].owner = nil
        let descriptor = flights[place].descriptor
        switch flights[place].kind {
        case .command(let run, _) where !run.isReaped:
            // It keeps its place until it has ended.
            run.end()
            guard flights[place].killed == .no else { return }
            flights[place].killed = .ending
            flights[place].deadline = Instant.now.milliseconds + Self.killTime
            return deadlines.insert(
                Deadline(
                    instant: flights[place].deadline, place: place, generation: flights[place].generation))
        case .connection: reset(descriptor)
        case .ping(let echo): pingSockets[echo.family]?.forget(echo)
        case .stream(let session): session.finish()
        case .free, .datagram, .command: break
        }
        if descriptor >= 0 { close(descriptor) }
        flights[place].descriptor = -1
        flights[place].kind = .free
        flights[place].isUsed = false
        flights[place].killed = .no
        // Whatever is still told of the place is about this probe.
        flights[place].generation = (flights[place].generation &+ 1) & 0xFF_FFFF
        free.append(place)
    }

    /// Has the kernel keep back the packet that would complete the connection at the server. The reset comes instead, so
    /// no worker of the server ever sees the connection.
    private func delayAcknowledgement(_ descriptor: Int32) {
        var option: Int32 = 0
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_QUICKACK, &option, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Has the connection reset when it is closed.
    private func reset(_ descriptor: Int32) {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    private func dropLeftovers() {
        while let deadline = deadlines.min, flights[deadline.place].generation != deadline.generation {
            deadlines.removeMin()
        }
    }

    private func rebuildDeadlines() {
        deadlines = Heap(deadlines.unordered.filter { flights[$0.place].generation == $0.generation })
    }
}
