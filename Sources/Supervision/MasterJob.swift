package import Text

/// Something that ADMIN has ordered, to be done once.
package struct MasterJob: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case workers(WorkerOrder)
        /// Workers that start from now on log from this level; `nil`: from their own.
        case logLevel(String?)
        case lua(LuaSource)
    }

    @ExactText package private(set) var id: String
    package let kind: Kind
    /// The milliseconds from when it was heard of to its deadline.
    package let patience: Int

    package init(id: String, kind: Kind, patience: Int) {
        _id = ExactText(id)
        self.kind = kind
        self.patience = patience
    }
}

/// A piece of Lua that is run inside a worker.
package struct LuaSource: Sendable, Equatable {
    /// `nil`: the first worker that is ready.
    package let worker: Int?
    @ExactText package private(set) var source: String
    /// Pieces of one session share a Lua state; `nil`: it has one of its own.
    package let session: String?
    package let seconds: Int

    package init(worker: Int?, source: String, session: String?, seconds: Int) {
        self.worker = worker
        _source = ExactText(source)
        self.session = session
        self.seconds = seconds
    }
}
