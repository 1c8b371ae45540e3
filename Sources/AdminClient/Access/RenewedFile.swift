package import ServiceSupport
import Synchronization

/// A file that is renewed while the daemon runs, such as a token or certificates. It is read at the start, and again
/// whenever it has changed.
///
/// If the new content cannot be used (the file is missing, empty or incomplete), the previous value remains in use,
/// and `problem` tells why.
package final class RenewedFile<Value: Sendable>: Sendable {
    /// The path of the file.
    package let path: String
    /// The action in error messages: `read token`.
    private let action: String
    private let parse: @Sendable ([UInt8]) throws(FileError) -> Value
    private let state: Mutex<State>

    private struct State {
        var value: Value
        /// The identity of the file that was last read, usable or not.
        var identity: Files.Identity?
        var problem: FileError?
    }

    /// - Parameter parse: returns the value of the file's bytes, or throws what is wrong with them.
    /// - Throws: if there is no usable file at the start.
    package init(
        _ action: String, _ path: String, parse: @escaping @Sendable ([UInt8]) throws(FileError) -> Value
    ) throws(FileError) {
        self.action = action
        self.path = path
        self.parse = parse
        let identity = Files.identity(of: path)
        state = Mutex(State(value: try Self.read(action, path, parse), identity: identity))
    }

    /// - Parameter value: the value of the file, which was already read.
    package init(
        _ action: String, _ path: String, value: Value,
        parse: @escaping @Sendable ([UInt8]) throws(FileError) -> Value
    ) {
        self.action = action
        self.path = path
        self.parse = parse
        state = Mutex(State(value: value, identity: Files.identity(of: path)))
    }

    private static func read(
        _ action: String, _ path: String, _ parse: (([UInt8]) throws(FileError) -> Value)
    ) throws(FileError) -> Value {
        guard let bytes = try Files.read(path, limit: 1 << 20) else {
            throw FileError(action, path, reason: "no such file")
        }
        return try parse(bytes)
    }

    /// The present value. Cost: one system call as long as the file is the same.
    package func current() -> Value { refresh(isForced: false) }

    /// Reads the file and returns its value, even if the file seems to be the same.
    package func read() -> Value { refresh(isForced: true) }

    /// Why the previous value is still in use; `nil` if the file is usable.
    package var problem: String? {
        state.withLock { state in
            state.problem.map { "\($0); what was read before goes on" }
        }
    }

    private func refresh(isForced: Bool) -> Value {
        // Taken before the file is read, so that a file that is written meanwhile differs at the next look.
        let identity = Files.identity(of: path)
        return state.withLock { state in
            guard isForced || identity != state.identity else { return state.value }
            state.identity = identity
            do throws(FileError) {
                state.value = try Self.read(action, path, parse)
                state.problem = nil
            } catch {
                state.problem = error
            }
            return state.value
        }
    }
}
