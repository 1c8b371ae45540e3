import AdminAPI
import CommandLineSupport
import Names
import Text

/// Rollouts for people.
enum RolloutText {
    static func table(_ rollouts: [RolloutResource]) -> Table {
        Table(
            ["ROLLOUT", "TYPE", "VERSION", "STATE", "DONE", "BEGUN", "ENDED", "BY", "REASON"],
            rollouts.map { rollout in
                [rollout.id, rollout.type, version(rollout), state(rollout), done(rollout), rollout.createdAt]
                    + [rollout.endedAt ?? "", rollout.createdBy, rollout.reason ?? ""]
            })
    }

    /// One rollout: a property per line, then its instances.
    static func rollout(_ rollout: RolloutResource) -> String {
        let properties = Table(
            ["", ""],
            [
                ["rollout", rollout.id], ["type", rollout.type], ["version", version(rollout)],
                ["manifest", rollout.digest], ["state", state(rollout)],
            ] + (rollout.reason.map { [["reason", $0]] } ?? [])
                + [["done", done(rollout)], ["begun", "\(rollout.createdAt) by \(rollout.createdBy)"]]
                + (rollout.endedAt.map { [["ended", $0]] } ?? [])
        ).body(indent: "")
        guard let instances = rollout.instances, !instances.isEmpty else { return properties }
        return properties + "\n\n" + table(instances, of: rollout).text
    }

    private static func table(_ instances: [RolloutResource.Instance], of rollout: RolloutResource) -> Table {
        Table(
            ["SERVICE", "SERVER", "STAGE", .init("FOR", .right), "BEFORE", "REMARK"],
            instances.map { instance in
                let isWork = isAtWork(instance) || instance.stage.isExactly("stuck")
                return [instance.service, instance.server ?? "-", stage(instance)]
                    + [isWork ? ResourceTables.duration(Double(instance.seconds)) : "", instance.before ?? "-"]
                    + [remark(instance)]
            })
    }

    /// What a rollout would change: its instances with the versions that they have.
    static func plan(_ rollout: RolloutResource) -> String {
        let count = rollout.total == 1 ? "1 instance" : "\(rollout.total) instances"
        let instances = rollout.instances ?? []
        let hasRemarks = instances.contains { !remark($0).isEmpty }
        let table = Table(
            ["SERVICE", "SERVER", "VERSION"] + (hasRemarks ? ["REMARK"] : []),
            instances.map { instance in
                [instance.service, instance.server ?? "-", instance.before ?? "-"]
                    + (hasRemarks ? [planRemark(instance)] : [])
            })
        return "\(rollout.type) to \(version(rollout)), \(count):".printable + "\n" + table.text
    }

    private static func planRemark(_ instance: RolloutResource.Instance) -> String {
        [keeping(instance), instance.waitsFor.map { "waits for \($0)" }].compactMap(\.self).joined(separator: "; ")
    }

    /// That it gets another variant than the rest.
    private static func keeping(_ instance: RolloutResource.Instance) -> String? {
        instance.target.map { "gets \($0)" }
    }

    /// One line: `rollout 7: pgw to 1.6.0, running, 3 of 8 done`
    static func line(_ rollout: RolloutResource) -> String {
        "rollout \(rollout.id): \(progress(rollout))".printable
    }

    /// `pgw to 1.6.0, running, 3 of 8 done`
    private static func progress(_ rollout: RolloutResource) -> String {
        let reason = rollout.reason.map { ": \($0)" } ?? ""
        return "\(rollout.type) to \(version(rollout)), \(state(rollout))\(reason), \(done(rollout, " done"))"
    }

    /// What was begun: `rollout 7: pgw to 1.6.0, 8 instances`
    static func begun(_ rollout: RolloutResource) -> String {
        let count = rollout.total == 1 ? "1 instance" : "\(rollout.total) instances"
        return "rollout \(rollout.id): \(rollout.type) to \(version(rollout)), \(count)".printable
    }

    /// One that was begun before: `rollout 7 is under way already: pgw to 1.6.0, running, 3 of 8 done`
    static func underWay(_ rollout: RolloutResource) -> String {
        "rollout \(rollout.id) is under way already: \(progress(rollout))".printable
    }

    /// Which instances were given the version before, and do not run it; `nil`: there are none.
    static func awaited(_ rollout: RolloutResource) -> String? {
        let names = (rollout.instances ?? []).filter { $0.stage.isExactly("waiting") && $0.waitsFor != nil }
            .map(\.service.printable)
        guard !names.isEmpty else { return nil }
        let words =
            names.count == 1 ? "has \(version(rollout)) already, and does" : "have \(version(rollout)) already, and do"
        return "Note: \(names.joined(atMost: 5)) \(words) not run it yet: that is waited for."
    }

    /// That instances run with the version: `nothing to do: all 4 instances of pgw run 1.6.0`
    ///
    /// - Parameters:
    ///   - services: those that were named; empty: all of the type.
    ///   - location: where they are; `nil`: anywhere.
    static func upToDate(
        _ count: Int, of type: String, _ services: [String], at location: String?, version: String
    ) -> String {
        let place = location.map { " at \($0)" } ?? ""
        let who =
            switch (services.isEmpty, count) {
            case (true, 1): "the one instance of \(type)\(place) runs"
            case (true, _): "all \(count) instances of \(type)\(place) run"
            case (false, 1): "\(services[0]) runs"
            case (false, _): "\(services.joined(separator: ", ")) run"
            }
        return "nothing to do: \(who) \(version)".printable
    }

    /// What is to be said of an instance: another variant that it gets, what it waits for, and what has failed.
    static func remark(_ instance: RolloutResource.Instance) -> String {
        [keeping(instance), instance.waitsFor, instance.problem].compactMap(\.self).joined(separator: "; ")
    }

    /// `draining`, `starting (going back)`, `done (back)`
    static func stage(_ instance: RolloutResource.Instance) -> String {
        guard instance.isGoingBack, !instance.stage.isExactly("stuck") else { return instance.stage }
        return instance.stage + (instance.stage.isExactly("done") ? " (back)" : " (going back)")
    }

    /// The state; of one that is about to end, how: `running, aborting`.
    static func state(_ rollout: RolloutResource) -> String {
        let stuck = rollout.stuck > 0 ? ", \(rollout.stuck) stuck" : ""
        guard !rollout.state.isEnd, let ending = rollout.ending else { return rollout.state.rawValue + stuck }
        return "\(rollout.state.rawValue), \(word(ending))\(stuck)"
    }

    /// What a rollout does that will end in a state.
    static func word(_ ending: RolloutState) -> String {
        switch ending {
        case .aborted: "aborting"
        case .reverted: "reverting"
        case .failed: "going back"
        case .running, .paused, .finished: ending.rawValue
        }
    }

    /// `3 of 8`; with instances that went back `2 of 8, 1 back`
    ///
    /// - Parameter word: what follows the first two numbers.
    static func done(_ rollout: RolloutResource, _ word: String = "") -> String {
        "\(rollout.done) of \(rollout.total)\(word)" + (rollout.back > 0 ? ", \(rollout.back) back" : "")
    }

    /// `1.6.0`; of a manifest its first digits.
    static func version(_ rollout: RolloutResource) -> String {
        switch rollout.version {
        case .named(_, variant: _): rollout.version.description
        case .manifest(let digest): "\(digest.prefix(12))"
        }
    }

    /// Whether something is being done to the instance.
    static func isAtWork(_ instance: RolloutResource.Instance) -> Bool {
        !["waiting", "done", "stuck"].contains { instance.stage.isExactly($0) }
    }
}
