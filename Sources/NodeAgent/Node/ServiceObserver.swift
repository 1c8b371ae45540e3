import Cloud
import Foundation
import Glibc
import ServiceSupport
import Text
import Versions

/// Finds out what there is of a service on this server.
struct ServiceObserver {
    let name: String
    let directory: NodeDirectory
    let shelf: ManifestShelf
    /// Manifests that were read and judged. The keys stay the same while the agent runs, and a judgement holds until its
    /// key ends, or the file is another one: collections remove what was not needed for a while.
    private var known: [ContentDigest: (file: Files.Identity, judged: ManifestShelf.Judged)] = [:]

    init(_ name: String, _ directory: NodeDirectory, _ shelf: ManifestShelf) {
        self.name = name
        self.directory = directory
        self.shelf = shelf
    }

    /// What there is, but for what only the agent's memory has.
    mutating func look(_ order: ServiceOrder) throws -> ServiceSituation {
        var situation = ServiceSituation()
        situation.process = directory.process(of: name).situation
        if case .alive(var process) = situation.process, process.hasMaster {
            process.workers = MasterState.read(directory.master(of: name))
            if process.driver == .systemd, let keeper = directory.process(of: name).record?.keeper {
                process.workers?.explain(by: keeper)
            }
            situation.process = .alive(process)
        } else if case .ended(var process) = situation.process, process.hadMaster {
            process.masterProblem = MasterState.read(directory.master(of: name))?.masterProblem
            situation.process = .ended(process)
        }
        let path = directory.folder(of: name)
        situation.hasDirectory =
            access(path, F_OK) == 0 || access(directory.process(of: name).directory, F_OK) == 0
        if access("\(path)/versions", F_OK) == 0 {
            let folder = try ServiceFolder(opening: path)
            situation.placed = Set(try folder.digests())
            situation.current = try folder.current()
            situation.previous = try folder.previous()
        }
        var running: ContentDigest?
        switch situation.process {
        case .alive(let process): running = process.version
        case .ended(let process): running = process.version
        case .none: break
        }
        for digest in Set([order.version, situation.current, running].compactMap(\.self)) {
            situation.versions[digest] = knowledge(of: digest, order)
        }
        return situation
    }

    /// What is needed of a manifest; `nil` if it is not here.
    mutating func facts(of digest: ContentDigest) -> ManifestFacts? { judged(digest)?.facts }

    /// A manifest that is here, judged. Cost: a system call, and once for each file linear in the manifest.
    private mutating func judged(_ digest: ContentDigest) -> ManifestShelf.Judged? {
        guard let file = shelf.identity(of: digest) else {
            known[digest] = nil
            return nil
        }
        if let known = known[digest], known.file == file, known.judged.end.map({ Date() < $0 }) ?? true {
            return known.judged
        }
        let judged = shelf.taken(digest, for: name)
        known[digest] = judged.map { (file, $0) }
        return judged
    }

    private mutating func knowledge(of digest: ContentDigest, _ order: ServiceOrder) -> VersionKnowledge {
        guard let judged = judged(digest) else { return VersionKnowledge() }
        let facts = judged.facts
        var knowledge = VersionKnowledge(trust: judged.trust)
        knowledge.isRunnable = facts.run != nil
        knowledge.startTimeout = (facts.run?.startTimeout ?? 60) * 1_000
        if let stored = facts.directories.first(where: { $0.storage == .db }), order.drive == nil {
            knowledge.missingDrive =
                "the directory \(stored.path.printable) of \(digest.short)… is on a drive, and none is assigned"
        }
        return knowledge
    }
}
