/// What is kept of crashes at most. What is beyond is counted.
package struct CrashLimits: Sendable, Hashable {
    /// Groups; crashes of further fingerprints are in the group `CrashGroup.others`.
    package var groups = 5_000
    /// Reports of a group: the newest.
    package var reports = 1_000
    /// Services, servers and versions of a group that are counted singly.
    package var tallies = 1_000
    /// Bytes of all reports, about: the oldest go.
    package var bytes = 512 << 20

    package init() {}
}
