import CEvents
import CMaster
import Glibc
import Supervision
import Text

/// Processes from their start to their end.
extension Master {
    /// The environment of a worker. A configuration file that is not there is not told.
    private func variables(_ number: Int) -> [String] {
        let all = environment.variables(number: number, notify: notifyPath, logLevel: desk?.logLevel)
        guard let path = settings.configuration, access(path, F_OK) != 0 else { return all }
        return all.filter { !$0.hasBytePrefix("PORTCULLIS_CONFIG=") }
    }

    func start(_ number: Int, _ generation: Int) {
        if let problem = sockets.open(number) { return feed(.notStarted(generation: generation, reason: problem)) }
        var crash: [Int32] = [-1, -1]
        var control: [Int32] = [-1, -1]
        var output: [Int32] = [-1, -1]
        guard pipe2(&crash, O_CLOEXEC | O_NONBLOCK) == 0, fcntl(crash[1], F_SETFL, 0) == 0, master_pair(&control) == 0,
            log == nil || pipe2(&output, O_CLOEXEC) == 0,
            let process = ProcessStart(
                words: settings.program, variables: variables(number),
                descriptors: sockets.descriptors(number) + [crash[1], control[1]], output: output[1], files: files,
                limits: settings.limits)
        else {
            let reason = "a process cannot be started: \(Log.text(errno))"
            for descriptor in crash + control + output where descriptor >= 0 { close(descriptor) }
            return feed(.notStarted(generation: generation, reason: reason))
        }
        for descriptor in [crash[1], control[1], output[1]] where descriptor >= 0 { close(descriptor) }
        var handle = WorkerHandle(number: number, generation: generation, pid: process.pid, pidfd: process.pidfd)
        handle.crash = crash[0]
        handle.control = control[0]
        handle.fault = process.fault
        // From here on the next master finds it; before, it does not become the program.
        store.put(handle.storedNames[0], handle.pidfd)
        store.put(.crash(number: number, generation: generation), handle.crash)
        store.put(.control(number: number, generation: generation), handle.control)
        log?.take(output[0], number: number, generation: generation)
        keep(handle)
        let start = ProcessTable.status(process.pid)?.start ?? 0
        supervisor.started(generation, ProcessIdentity(pid: Int(process.pid), start: start))
        // Without a keeper there is only the file.
        if !store.isPresent { writeState() }
        process.release()
    }

    /// Watches what a process says.
    func keep(_ handle: WorkerHandle) {
        handles[handle.generation] = handle
        poller.add(handle.pidfd, .process, generation: handle.generation)
        if handle.crash >= 0 { poller.add(handle.crash, .crash, generation: handle.generation) }
        if handle.control >= 0 { poller.add(handle.control, .control, generation: handle.generation) }
        if handle.fault >= 0 { poller.add(handle.fault, .fault, generation: handle.generation) }
    }

    /// Puts a process under the name of its phase. It is never without a name.
    func mark(_ generation: Int, _ phase: Worker.Phase) {
        guard let handle = handles[generation], handle.phase != phase else { return }
        let old = handle.storedNames[0]
        handles[generation]?.phase = phase
        store.put(.process(phase, number: handle.number, generation: generation), handle.pidfd)
        store.remove(old)
    }

    func takeProcess(_ generation: Int) {
        guard let handle = handles[generation], handle.endedAt == nil else { return }
        hearOut(generation)
        var status: Int32 = 0
        switch master_wait(handle.pid, &status, 1) {
        case 1: finish(handle, WorkerEnd(waitStatus: status))
        case 0: break
        default:
            // It is the child of the keeper, which tells, or of nobody who would.
            poller.remove(handle.pidfd)
            handles[generation]?.endedAt = Moment.now.milliseconds
        }
    }

    /// Takes what an ended process has said last, and ends what it has left in its group, which would go on serving its
    /// sockets.
    func hearOut(_ generation: Int) {
        guard let handle = handles[generation] else { return }
        handles[generation]?.left += ProcessTable.members(ofGroup: handle.pid).count
        kill(-handle.pid, SIGKILL)
        log?.hearOut(generation)
        takeFault(generation)
        takeCrash(generation)
    }

    /// Ends what a process has left behind outside of its group: it is the keeper's child by now, and has the environment of
    /// that process. Walks all processes of the machine. Returns how many there were.
    private func endWhatIsLeft(of handle: WorkerHandle) -> Int {
        // At its end, the keeper ends all that is left.
        guard store.isPresent, supervisor.phase != .stopping else { return 0 }
        var count = 0
        for process in ProcessTable.children(of: getppid()) {
            let variables = ProcessTable.variables(process)
            guard variables.contains(where: { $0.isExactly("LISTEN_PID=\(handle.pid)") }),
                variables.contains(where: { $0.isExactly("NOTIFY_SOCKET=\(notifyPath)") }),
                getpgid(process) != handle.pid
            else { continue }
            kill(process, SIGKILL)
            count += 1
        }
        return count
    }

    /// Ends the wait for a word of the keeper.
    func takeUnknownEnds() {
        let limit = Moment.now.milliseconds - Self.patience
        for handle in handles.values where handle.endedAt.map({ $0 <= limit }) ?? false { finish(handle, .unknown) }
    }

    func finish(_ handle: WorkerHandle, _ end: WorkerEnd) {
        let left = handles[handle.generation]?.left ?? 0
        feed(.ended(generation: handle.generation, end, left: left + endWhatIsLeft(of: handle)))
        // One that could not become the program is no worker any more.
        forget(handle.generation)
    }

    func forget(_ generation: Int) {
        guard let handle = handles[generation] else { return }
        if handle.endedAt == nil, master_pidfd_signal(handle.pidfd, 0) == 0 {
            var status: Int32 = 0
            // It lives: its end is yet to come.
            if master_wait(handle.pid, &status, 0) == 0 { return }
        }
        loseLua(generation)
        handles[generation] = nil
        for descriptor in [handle.pidfd, handle.crash, handle.control, handle.fault] where descriptor >= 0 {
            poller.remove(descriptor)
            close(descriptor)
        }
        for name in handle.storedNames { store.remove(name) }
    }

    func takeFault(_ generation: Int) {
        guard let handle = handles[generation], handle.fault >= 0 else { return }
        var error: Int32 = 0
        let count = read(handle.fault, &error, MemoryLayout<Int32>.size)
        if count < 0 && errno == EAGAIN { return }
        poller.remove(handle.fault)
        close(handle.fault)
        handles[generation]?.fault = -1
        guard count == MemoryLayout<Int32>.size else { return feed(.executed(generation: generation)) }
        feed(.notStarted(generation: generation, reason: "\(settings.program[0].printable): \(Log.text(error))"))
    }

    func takeCrash(_ generation: Int) {
        guard let handle = handles[generation], handle.crash >= 0 else { return }
        // First of all the next master must know: the record can be read once.
        var waiting = pollfd(fd: handle.crash, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, 0) == 1 else { return }
        let hasRecord = waiting.revents & Int16(POLLIN) != 0
        let before = handle.phase
        if hasRecord { mark(generation, .crashed) }
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = read(handle.crash, &buffer, buffer.count)
        if count > 0, let report = WorkerCrash(Array(buffer[..<count])), report.pid == Int(handle.pid) {
            return feed(.crashed(generation: generation, report))
        }
        // A child of the worker, or none of ours.
        if hasRecord { mark(generation, before) }
        guard count == 0 else { return }
        poller.remove(handle.crash)
        close(handle.crash)
        handles[generation]?.crash = -1
        store.remove(.crash(number: handle.number, generation: generation))
    }

    func takeControl(_ generation: Int) {
        guard let handle = handles[generation], handle.control >= 0 else { return }
        // The longest message of the library.
        var buffer = [UInt8](repeating: 0, count: 65_536)
        // No more than so many at once: others wait, too.
        for _ in 0..<64 {
            let count = master_receive_text(handle.control, &buffer, buffer.count)
            if count > 0 {
                let text = String(decoding: buffer[..<count], as: UTF8.self)
                if !takeLua(text, from: generation), let message = ControlMessage(text) {
                    feed(.controlled(generation: generation, message))
                }
                continue
            }
            if count < 0 && errno == EAGAIN { return }
            poller.remove(handle.control)
            close(handle.control)
            handles[generation]?.control = -1
            store.remove(.control(number: handle.number, generation: generation))
            return
        }
    }
}
