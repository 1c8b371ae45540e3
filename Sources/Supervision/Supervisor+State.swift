package import JSON

extension Supervisor {
    /// The state file: for the node and for people, and for the next master what is under `moments` (milliseconds of
    /// CLOCK_MONOTONIC, seconds since 1970), `failures`, `hello` and `others`.
    ///
    /// - Parameters:
    ///   - configuration: tells one configuration file from another.
    ///   - crashesDropped: crash files for which there was no room.
    package func state(
        master: Int, startedAt: Int, boot: String, configuration: String?, crashesDropped: Int
    ) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("master", 1), ("pid", .integer(master)), ("startedAt", .string(WallTime.text(startedAt))),
            ("boot", .string(boot)), ("generation", .integer(generation)), ("phase", .string(phase.rawValue)),
            (
                "reload",
                lastReload.map { result in
                    .object([
                        .init(name: "at", value: .string(WallTime.text(result.at))),
                        .init(name: "problem", value: result.problem.map { .string($0) } ?? .null),
                        .init(name: "moment", value: .integer(result.at)),
                    ])
                } ?? .null
            ),
        ]
        if let problem { members.append(("problem", .string(problem))) }
        if crashesDropped > 0 { members.append(("crashesDropped", .integer(crashesDropped))) }
        if let configuration { members.append(("configuration", .string(configuration))) }
        members.append(("workers", .array(places.map(entry))))
        let others = places.flatMap { [$0.next].compactMap(\.self) + $0.leaving.filter { $0.process != nil } }
        if !others.isEmpty { members.append(("others", .array(others.map { Self.object(process($0)) }))) }
        return Self.object(members)
    }

    private func entry(_ place: WorkerPlace) -> JSONValue {
        var members: [(String, JSONValue)]
        if let worker = place.current {
            members = process(worker)
        } else {
            let parked = place.leaving.last { $0.phase.isParked }
            members = [
                ("worker", .integer(place.number)), ("state", .string(parked?.phase.rawValue ?? "waiting")),
                ("since", .string(WallTime.text(parked?.since.wall ?? place.emptyAt))),
            ]
        }
        members.append(("restarts", .integer(place.restarts)))
        if place.backOff.failures > 0 { members.append(("failures", .integer(place.backOff.failures))) }
        if let end = place.lastEnd { members.append(("lastEnd", Self.object(Self.end(end)))) }
        if let startAt = place.startAt { members.append(("nextStart", .integer(startAt))) }
        return Self.object(members)
    }

    private static func end(_ end: LastEnd) -> [(String, JSONValue)] {
        var members: [(String, JSONValue)] = [
            ("at", .string(WallTime.text(end.at))), ("kind", .string(end.kind.rawValue)),
            ("code", end.code.map { .integer($0) } ?? .null), ("moment", .integer(end.at)),
        ]
        if end.left > 0 { members.append(("left", .integer(end.left))) }
        if let reason = end.reason { members.append(("reason", .string(reason))) }
        return members
    }

    private func process(_ worker: Worker) -> [(String, JSONValue)] {
        var members: [(String, JSONValue)] = [("worker", .integer(worker.number))]
        if let process = worker.process {
            members += [("pid", .integer(process.pid)), ("start", .integer(process.start))]
        }
        members += [
            ("generation", .integer(worker.generation)), ("state", .string(worker.phase.rawValue)),
            ("since", .string(WallTime.text(worker.since.wall))),
        ]
        if let ready = worker.readyAt { members.append(("readyAt", .string(WallTime.text(ready.wall)))) }
        if !worker.status.isEmpty { members.append(("status", .string(worker.status))) }
        if worker.saysHello { members.append(("hello", .string(worker.takesConfiguration ? "config" : "plain"))) }
        var moments: [(String, JSONValue)] = [
            ("since", .integer(worker.since.wall)), ("phase", .integer(worker.since.milliseconds)),
            ("started", .integer(worker.startedAt.milliseconds)),
        ]
        if let ready = worker.readyAt { moments.append(("ready", .integer(ready.wall))) }
        members.append(("moments", Self.object(moments)))
        return members
    }

    private static func object(_ members: [(String, JSONValue)]) -> JSONValue {
        .object(members.map { JSONValue.Member(name: $0.0, value: $0.1) })
    }
}
