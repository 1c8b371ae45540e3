/// A secret that is shown only once. If it cannot be shown, the object that it belongs to is removed again: nobody
/// could use it, and nobody would know that it exists.
public enum ShownOnce {
    /// Shows the secret with `show`.
    ///
    /// - Parameters:
    ///   - thing: the new object, for the message: `the token ci`.
    ///   - takeBack: removes the object.
    ///   - tell: gets a message about the object if the secret could not be shown.
    /// - Throws: the error of `show`.
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
