import CMaster
import Glibc
import Supervision
import Text

/// What an earlier master has left.
extension Master {
    /// The processes that the keeper has descriptors of, that the state file names, or that are the keeper's children by
    /// their environment. Each gets a handle.
    func findWorkers() -> [FoundWorker] {
        var found = storedWorkers()
        for entry in saved?.workers ?? [] where !found.contains(where: { $0.process == entry.process }) {
            let pid = pid_t(truncatingIfNeeded: entry.process.pid)
            guard pid > 1, ProcessTable.status(pid)?.start == entry.process.start, handles[entry.generation] == nil,
                let handle = handle(of: pid, number: entry.number, generation: entry.generation, phase: entry.phase)
            else { continue }
            keep(handle)
            found.append(worker(handle, entry.process, entry.generation, phase: nil))
        }
        for pid in ProcessTable.children(of: getppid()) where getppid() > 1 {
            guard !found.contains(where: { $0.process.pid == Int(pid) }), let number = number(of: pid),
                let start = ProcessTable.status(pid)?.start
            else { continue }
            let generation = ([saved?.generation ?? 0] + found.compactMap(\.generation)).max()! + 1
            // It is not known whether it has said that it is ready. One that serves must not be ended for that.
            guard let handle = handle(of: pid, number: number, generation: generation, phase: .ready) else { continue }
            keep(handle)
            found.append(
                worker(handle, ProcessIdentity(pid: Int(pid), start: start), generation, phase: .ready))
        }
        return found
    }

    private func storedWorkers() -> [FoundWorker] {
        var handles: [Int: WorkerHandle] = [:]
        var others: [StoredName: Int32] = [:]
        for (name, descriptor) in store.inherited {
            guard case .process(let phase, let number, let generation) = name else {
                others[name] = descriptor
                continue
            }
            if let twin = handles[generation] {
                // The earlier master was between two names: the later one holds.
                store.remove(twin.storedNames[0])
                close(twin.pidfd)
            }
            let entry = saved?.workers.first { $0.generation == generation }
            let pid =
                ProcessTable.process(ofDescriptor: descriptor)
                ?? entry.map { pid_t(truncatingIfNeeded: $0.process.pid) } ?? 0
            var handle = WorkerHandle(number: number, generation: generation, pid: pid, pidfd: descriptor)
            handle.phase = phase
            handles[generation] = handle
        }
        var found: [FoundWorker] = []
        for var handle in handles.values.sorted(by: { $0.generation < $1.generation }) {
            handle.crash = others.removeValue(forKey: handle.storedNames[1]) ?? -1
            handle.control = others.removeValue(forKey: handle.storedNames[2]) ?? -1
            let entry = saved?.workers.first { $0.generation == handle.generation }
            let start = ProcessTable.status(handle.pid)?.start ?? entry?.process.start
            guard handle.pid > 1, let start else {
                // It has ended, and nothing is known of it.
                for descriptor in [handle.pidfd, handle.crash, handle.control] where descriptor >= 0 {
                    close(descriptor)
                }
                for name in handle.storedNames { store.remove(name) }
                continue
            }
            keep(handle)
            let process = entry?.process ?? ProcessIdentity(pid: Int(handle.pid), start: start)
            found.append(worker(handle, process, handle.generation, phase: handle.phase))
        }
        for (name, descriptor) in others {
            switch name {
            case .crash, .control:
                store.remove(name)
                close(descriptor)
            case .listen, .process, .output, .log, .notify, .keeper: break
            }
        }
        return found
    }

    private func worker(
        _ handle: WorkerHandle, _ process: ProcessIdentity, _ generation: Int, phase: Worker.Phase?
    ) -> FoundWorker {
        FoundWorker(
            number: handle.number, generation: generation, process: process, phase: phase,
            hasSockets: sockets.isComplete(handle.number))
    }

    private func handle(of pid: pid_t, number: Int, generation: Int, phase: Worker.Phase) -> WorkerHandle? {
        let pidfd = master_pidfd_open(pid)
        guard pidfd >= 0 else { return nil }
        var handle = WorkerHandle(number: number, generation: generation, pid: pid, pidfd: pidfd)
        handle.phase = phase
        store.put(handle.storedNames[0], pidfd)
        return handle
    }

    /// The number of a worker by the environment that a master has given it; `nil` for any other process.
    private func number(of pid: pid_t) -> Int? {
        let variables = ProcessTable.variables(pid)
        func has(_ variable: String) -> Bool { variables.contains { $0.isExactly(variable) } }
        guard has("LISTEN_PID=\(pid)"), has("PORTCULLIS_SERVICE=\(settings.name)"),
            has("NOTIFY_SOCKET=\(notifyPath)")
        else { return nil }
        let prefix = "PORTCULLIS_WORKER="
        let number = variables.first { $0.hasBytePrefix(prefix) }
        return number.map { Int(String($0.utf8.dropFirst(prefix.utf8.count)) ?? "") ?? 0 } ?? 0
    }

    /// Notes the end of processes that have ended while there was no master.
    func endDeadWorkers(_ found: [FoundWorker]) {
        for generation in found.compactMap(\.generation) {
            guard let handle = handles[generation] else { continue }
            var waiting = pollfd(fd: handle.pidfd, events: Int16(POLLIN), revents: 0)
            if poll(&waiting, 1, 0) == 1 { takeProcess(generation) }
        }
    }
}
