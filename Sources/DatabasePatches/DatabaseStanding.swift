/// Where a database stands: its history against the files of a version.
package struct DatabaseStanding: Sendable, Hashable {
    /// The standing in a word.
    package enum Word: String, Sendable {
        /// It has all patches.
        case current
        /// It lacks patches, or has to be installed.
        case behind
        /// It has patches that the files lack.
        case ahead
        /// Something has to be put right first.
        case trouble
    }

    /// What the database has.
    package enum Content: Sendable, Hashable {
        /// Nothing.
        case empty
        /// Tables and the like, and no history.
        case withoutHistory
        /// A history, in the order of the numbers.
        case history([HistoryRow])
        /// A history of a newer program.
        case newer(format: Int, program: String)
    }

    package let content: Content
    /// What keeps it from being patched.
    package let refusals: [PatchRefusal]
    /// A patch without a transaction whose end is not known, which is carried out again.
    package let begun: PatchFiles.Patch?
    /// The patches that it lacks, in their order, without `begun`.
    package let pending: [PatchFiles.Patch]

    package var word: Word {
        if refusals.isEmpty { return begun == nil && pending.isEmpty ? .current : .behind }
        if case .ahead = refusals[0], refusals.count == 1 { return .ahead }
        return refusals == [.notInstalled] ? .behind : .trouble
    }

    /// Cost: walks over the files and the history once.
    package init(of content: Content, against files: PatchFiles) {
        self.content = content
        switch content {
        case .empty: (refusals, begun, pending) = ([.notInstalled], nil, files.patches)
        case .withoutHistory: (refusals, begun, pending) = ([.withoutHistory], nil, files.patches)
        case .newer(let format, let program):
            (refusals, begun, pending) = ([.newerProgram(format: format, program: program)], nil, [])
        case .history(let rows): (refusals, begun, pending) = Self.compare(rows, files)
        }
    }

    private static func compare(
        _ rows: [HistoryRow], _ files: PatchFiles
    ) -> ([PatchRefusal], PatchFiles.Patch?, [PatchFiles.Patch]) {
        let ofPatches = Dictionary(rows.filter(\.state.isOfPatch).map { ($0.number, $0) }) { one, _ in one }
        let byNumber = Dictionary(files.patches.map { ($0.name.number, $0) }) { one, _ in one }
        let newest = rows.max { $0.number < $1.number }
        var refusals: [PatchRefusal] = []
        var ahead: [HistoryRow] = []
        var begun: PatchFiles.Patch?
        for row in rows where row.state.isOfPatch {
            guard let patch = byNumber[row.number] else {
                if row.state == .begun {
                    refusals.append(.begunWithoutFile(row))
                } else if row.number > files.newest {
                    ahead.append(row)
                } else if row.number > files.included {
                    refusals.append(.missing(row))
                }
                continue
            }
            if row.state == .begun {
                if row.digest == patch.digest {
                    begun = patch
                } else {
                    refusals.append(.begunWithAnotherText(patch, row))
                }
            } else if row.digest != patch.digest {
                refusals.append(.changed(patch, row))
            }
        }
        // The schema that was installed had more in it than these files know.
        if ahead.isEmpty, let newest, newest.number > files.newest { ahead = [newest] }
        if !ahead.isEmpty { refusals.append(.ahead(ahead, newestFile: files.newest)) }
        var pending: [PatchFiles.Patch] = []
        for patch in files.patches where ofPatches[patch.name.number] == nil {
            if let newest, patch.name.number <= newest.number {
                refusals.append(.late(patch, newest: newest))
            } else {
                pending.append(patch)
            }
        }
        return (refusals, begun, pending)
    }
}
