package import ServiceSupport
import Synchronization

/// A file that others renew while the daemon runs (a token, certificates): read at the start, and again once it is
/// another.
///
/// While what is there now cannot be used (it is gone, empty, half written) the value before goes on, and `problem`
/// says why.
package final class RenewedFile<Value: Sendable>: Sendable {
    package let path: String
    /// What errors call the reading: `read token`.
    private let action: String
    private let parse: @Sendable ([UInt8]) throws(FileError) -> Value
    private let state: Mutex<State>

    private struct State {
        var value: Value
        /// Of the file that was read last, usable or not.
        var identity: Files.Identity?
        var problem: FileError?
    }

    /// - Parameter parse: the value of the file's bytes, or what is wrong with them.
    /// - Throws: when there is no usable file at the start.
    package init(
        _ action: String, _ path: String, parse: @escaping @Sendable ([UInt8]) throws(FileError) -> Value
    ) throws(FileError) {
        self.action = action
        self.path = path
        self.parse = parse
        let identity = Files.identity(of: path)
        state = Mutex(State(value: try Self.read(action, path, parse), identity: identity))
    }

    /// - Parameter value: of the file, which was read already.
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

    /// The value now. Costs one system call while the file is the same.
    package func current() -> Value { refresh(isForced: false) }

    /// The value as it is in the file now, also where nothing tells that the file was written again.
    package func read() -> Value { refresh(isForced: true) }

    /// Why the value before goes on.
    package var problem: String? {
        state.withLock { state in
            state.problem.map { "\($0); what was read before goes on" }
        }
    }

    private func refresh(isForced: Bool) -> Value {
        // Before it is read: a file that is written meanwhile differs again at the next look.
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
