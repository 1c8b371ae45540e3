import CMaster
import Supervision
import Text

/// Lua that ADMIN has run inside workers.
extension Master {
    func runLua(_ job: String, _ lua: LuaSource, _ desk: LinkDesk) {
        guard settings.allowsLua else {
            return desk.end(job, problem: "the server's node.yaml does not allow it (allow-lua)")
        }
        if let missing = lua.worker.flatMap(supervisor.refusal(ofWorker:)) { return desk.end(job, problem: missing) }
        let known = console.generation(ofSession: lua.session)
        let worker =
            known.flatMap { supervisor.worker($0) }
            ?? supervisor.places.first { place in
                place.isServed && (lua.worker.map { $0 == place.number } ?? true)
            }?.current
        guard let worker, let handle = handles[worker.generation] else {
            return desk.end(job, problem: lua.worker.map { "worker \($0) is not ready" } ?? "no worker is ready")
        }
        guard worker.saysHello, handle.control >= 0 else {
            return desk.end(job, problem: "the program has no Lua console: it does not use libportcullis-worker")
        }
        perform(console.begin(job, lua, in: worker.generation, at: .now))
    }

    /// Takes a message of a worker. Returns whether it was about Lua.
    func takeLua(_ text: String, from generation: Int) -> Bool {
        guard let actions = console.take(text, from: generation) else { return false }
        perform(actions)
        return true
    }

    /// A process has ended.
    func loseLua(_ generation: Int) { perform(console.lose(generation)) }

    /// Ends what workers have not answered in time.
    func expireLua() { perform(console.expire(at: .now)) }

    private func perform(_ actions: [LuaConsole.Action]) {
        for action in actions {
            switch action {
            case .send(let generation, let text):
                guard let handle = handles[generation], handle.control >= 0 else { continue }
                let bytes = Array(text.utf8)
                let error = bytes.withUnsafeBytes { master_send_text(handle.control, $0.baseAddress, $0.count) }
                // What was not sent is not answered.
                if error != 0 { Log.say("process \(handle.pid) takes no Lua: \(Log.text(error))") }
            case .end(let job, let problem, let output): desk?.end(job, problem: problem, output: output)
            case .replace(let generation):
                guard let worker = supervisor.worker(generation), let desk else { continue }
                feed(.ordered(.restartWorker(worker.number), ticket: desk.ticket(.nobody)))
            }
        }
    }
}
