/// What is done to a database, in this order.
package struct PatchPlan: Sendable, Hashable {
    /// One step, after which the history has it.
    package enum Step: Sendable, Hashable {
        /// The schema, and rows for the patches in it, in one transaction.
        case install(rows: [HistoryRow])
        /// A patch: in one transaction, unless its file says otherwise.
        case apply(PatchFiles.Patch)
        /// A patch without a transaction again, since its end is not known.
        case resume(PatchFiles.Patch)
        /// The file's digest in place of the one that the row of the history has.
        case accept(PatchFiles.Patch, HistoryRow)
        /// Rows alone.
        case record(rows: [HistoryRow])
    }

    package let steps: [Step]

    /// The patches that are carried out.
    package var patches: [PatchFiles.Patch] {
        steps.compactMap {
            switch $0 {
            case .apply(let patch), .resume(let patch): patch
            case .install, .accept, .record: nil
            }
        }
    }

    /// The patches that the database lacks.
    /// - Parameter last: the last one to be applied, by number or name; `nil`: all.
    package static func patch(
        _ standing: DatabaseStanding, _ files: PatchFiles, to last: String?
    ) throws(PatchRefusal) -> PatchPlan {
        if let refusal = standing.refusals.first { throw refusal }
        var pending = standing.pending
        if let last {
            guard let patch = files.patch(meantBy: last) else { throw .noSuchPatch(last) }
            let number = patch.name.number
            pending = pending.filter { $0.name.number <= number }
            if case .history(let rows) = standing.content, let newest = rows.map(\.number).max(), number < newest {
                throw .appliedAlready(patch.name.file)
            }
        }
        return PatchPlan(steps: (standing.begun.map { [.resume($0)] } ?? []) + pending.map { .apply($0) })
    }

    /// The schema, and the patches that it does not have in it.
    package static func install(_ standing: DatabaseStanding, _ files: PatchFiles) throws(PatchRefusal) -> PatchPlan {
        switch standing.content {
        case .empty: break
        case .withoutHistory: throw .notEmpty
        case .newer: throw standing.refusals[0]
        case .history(let rows):
            guard let row = rows.first else { throw .notEmpty }
            throw .installedAlready(row, pending: standing.pending.count + (standing.begun == nil ? 0 : 1))
        }
        let schema = HistoryRow(number: files.included, name: "schema", state: .installed, digest: files.schema)
        let later = files.patches.filter { $0.name.number > files.included }
        return PatchPlan(
            steps: [.install(rows: [schema] + included(files, upTo: files.included))] + later.map { .apply($0) })
    }

    /// Rows that say which patches a database has.
    /// - Parameter last: the newest that it has, by number or name.
    package static func baseline(
        _ standing: DatabaseStanding, _ files: PatchFiles, at last: String
    ) throws(PatchRefusal) -> PatchPlan {
        switch standing.content {
        case .empty: throw .baselineOfEmpty
        case .withoutHistory: break
        case .newer: throw standing.refusals[0]
        case .history(let rows):
            guard let row = rows.first else { break }
            throw .hasHistory(row)
        }
        let isSchemas = PatchName.number(last) == files.included
        guard let number = files.patch(meantBy: last)?.name.number ?? (isSchemas ? files.included : nil) else {
            throw .noSuchPatch(last)
        }
        let floor = HistoryRow(number: number, name: "baseline", state: .baseline, digest: PatchDigest(stored: "–"))
        return PatchPlan(steps: [.record(rows: [floor] + included(files, upTo: number))])
    }

    /// The changed text of a patch that the database has; nothing if it has not changed.
    /// - Parameter text: the patch, by number or name.
    package static func accept(
        _ standing: DatabaseStanding, _ files: PatchFiles, _ text: String
    ) throws(PatchRefusal) -> PatchPlan {
        guard case .history(let rows) = standing.content else { throw standing.refusals[0] }
        guard let patch = files.patch(meantBy: text) else { throw .noSuchPatch(text) }
        guard let row = rows.first(where: { $0.state.isOfPatch && $0.number == patch.name.number }),
            row.state != .begun
        else { throw .notApplied(patch.name.file) }
        return PatchPlan(steps: row.digest == patch.digest ? [] : [.accept(patch, row)])
    }

    private static func included(_ files: PatchFiles, upTo number: Int) -> [HistoryRow] {
        files.patches.filter { $0.name.number <= number }.map {
            HistoryRow(number: $0.name.number, name: $0.name.file, state: .included, digest: $0.digest)
        }
    }
}
