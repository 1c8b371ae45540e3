/// A secret that is shown once. Where it cannot be shown, what it opens is taken away again: nobody could use it, and
/// nobody would know that it is there.
public enum ShownOnce {
    /// Shows it with `show`.
    ///
    /// - Parameters:
    ///   - thing: What was made, for the message: `the token ci`.
    ///   - takeBack: Removes it.
    ///   - tell: Gets what became of it, when it could not be shown.
    /// - Throws: What `show` throws.
    public static func show(
        _ thing: String, takingBack takeBack: () async throws -> Void,
        tell: (String) -> Void = { StandardError.write("Note: \($0).") }, _ show: () throws -> Void
    ) async throws {
        do {
            try show()
        } catch {
            do {
                try await takeBack()
                tell("\(thing) was removed again, since its secret could not be written")
            } catch let fault {
                tell("\(thing) was made, its secret is lost, and it cannot be removed now (\(fault)): remove it")
            }
            throw error
        }
    }
}
