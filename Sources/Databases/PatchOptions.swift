/// What whoever patches wants to be different.
package struct PatchOptions: Sendable {
    /// How long to wait for another patcher, in seconds.
    package var patience = 600
    /// How long a statement waits for a lock, in seconds.
    package var lockTimeout = 3
    /// How often a patch is tried that does not get its locks.
    package var attempts = 20
    /// How long a statement may take, in seconds; 0: as long as it takes.
    package var statementTimeout = 0
    /// Gets what is worth knowing meanwhile, a line each.
    package var tell: @Sendable (String) -> Void = { _ in }

    package init() {}
}
