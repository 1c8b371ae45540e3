/// What an operator tells a rollout.
public enum RolloutOrder: String, Sendable, Hashable, CaseIterable {
    /// Begin no further batch.
    case pause
    /// Go on; after canaries, with the others.
    case resume
    /// End: what is being changed goes back, what is done stays. After the end: what is stuck is let go.
    case abort
    /// All instances go back to the versions that they had.
    case revert
}
