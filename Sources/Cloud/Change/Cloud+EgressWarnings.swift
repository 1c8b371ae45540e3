extension Cloud {
    /// Egress rules by a pool on which sections are served, where the rule or one of the sections has changed. Cost:
    /// walks over the sections once if there are rules.
    func egressWarnings(since before: Cloud, changedTypes: Set<String>) -> [Contradiction] {
        guard !egress.isEmpty else { return [] }
        let sections = types.values.sorted { $0.name < $1.name }.flatMap { type in
            type.configuration.gateway.map { (type: type.name, section: $0) }
        }
        let usersOfPool = Dictionary(grouping: sections, by: \.section.pool)
        return egress.values.sorted { $0.id < $1.id }.compactMap { rule in
            guard let users = usersOfPool[rule.pool] else { return nil }
            let changed = users.first { changedTypes.contains($0.type) }
            guard changed != nil || before.egress[rule.id] != rule else { return nil }
            let names = users.prefix(3).map { "\($0.type)/\($0.section.name)" }.joined(separator: ", ")
            let rest = users.count > 3 ? " and \(users.count - 3) more" : ""
            return Contradiction(
                "\(rule.title) leaves by the pool \(rule.pool), on which \(names)\(rest) "
                    + "\(users.count == 1 ? "is" : "are") served: that works, but a pool of its own is clearer",
                at: changed?.section.position, of: [.egress(rule.id, .pool)])
        }
    }
}
