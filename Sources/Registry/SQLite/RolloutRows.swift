import Cloud
import Foundation
import GRDB
import Names
import Rollouts

/// The rows of rollouts. What is looked for is in columns; the rest is JSON of a form that has a number.
enum RolloutRows {
    /// The form of the JSON that is written, and the only one so far.
    private static let format = 1

    /// What a rollout has besides its columns.
    private struct Content: Codable {
        var progress: Rollout
        /// References to other variants that it brings, by their digests; `nil`: none.
        var variants: [String: String]?
        /// Version references by their digests.
        var versionsBefore: [String: String]
        var generations: [String: Int]
        var jobs: [Job]
        var leftOut: [String]
        var mark: ServiceRollout.Mark?

        struct Job: Codable {
            var job: RolloutJob
            var id: String
        }
    }

    /// Throws `RegistryError.unavailable` with the rollout that this version cannot read.
    static func load(_ db: Database) throws -> [String: ServiceRollout] {
        try Row.fetchAll(db, sql: "SELECT * FROM rollout").reduce(into: [:]) { rollouts, row in
            let rollout = try rollout(row)
            rollouts[rollout.id] = rollout
        }
    }

    private static func rollout(_ row: Row) throws -> ServiceRollout {
        let number: Int = row["number"]
        guard row["format"] == format else { throw CloudRows.unreadable("rollout \(number) in another form") }
        let (version, text): (String, String) = (row["version"], row["progress"])
        guard let version = VersionReference(version) else {
            throw CloudRows.unreadable("the version of rollout \(number)")
        }
        let content: Content
        do {
            content = try JSONDecoder().decode(Content.self, from: Data(text.utf8))
        } catch {
            throw CloudRows.unreadable("the progress of rollout \(number)")
        }
        func references(_ texts: [String: String], _ what: String) throws -> [String: VersionReference] {
            try texts.mapValues { text in
                guard let reference = VersionReference(text) else {
                    throw CloudRows.unreadable("\(what) rollout \(number)")
                }
                return reference
            }
        }
        return ServiceRollout(
            number: number, type: row["type"], version: version, digest: row["digest"],
            variants: try references(content.variants ?? [:], "a variant of"),
            versionsBefore: try references(content.versionsBefore, "a version before"),
            createdBy: row["createdBy"], createdAt: row["createdAt"], endedAt: row["endedAt"],
            progress: content.progress, clock: row["clock"], generations: content.generations,
            jobs: Dictionary(content.jobs.map { ($0.job, $0.id) }) { $1 }, leftOut: content.leftOut,
            mark: content.mark)
    }

    /// Writes the rollouts that differ. Cost: grows with their instances.
    static func store(_ db: Database, from before: Cloud, to after: Cloud) throws {
        for rollout in before.rollouts.values where after.rollouts[rollout.id] == nil {
            try db.execute(sql: "DELETE FROM rollout WHERE number = ?", arguments: [rollout.number])
        }
        for (id, rollout) in after.rollouts where before.rollouts[id] != rollout { try store(db, rollout) }
    }

    private static func store(_ db: Database, _ rollout: ServiceRollout) throws {
        let content = Content(
            progress: rollout.progress,
            variants: rollout.variants.isEmpty ? nil : rollout.variants.mapValues(\.description),
            versionsBefore: rollout.versionsBefore.mapValues(\.description),
            generations: rollout.generations,
            jobs: rollout.jobs.map { Content.Job(job: $0.key, id: $0.value) }.sorted { $0.id < $1.id },
            leftOut: rollout.leftOut, mark: rollout.mark)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO rollout
                    (number, type, version, digest, createdBy, createdAt, endedAt, clock, format, progress)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                rollout.number, rollout.type, rollout.version.description, rollout.digest, rollout.createdBy,
                rollout.createdAt, rollout.endedAt, rollout.clock, format,
                String(decoding: try encoder.encode(content), as: UTF8.self),
            ])
    }
}
