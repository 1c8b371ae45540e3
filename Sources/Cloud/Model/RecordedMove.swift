public import Rollouts

/// The move of a service to another server, as ADMIN works through it: one that is on, or the last of a service.
public struct RecordedMove: Sendable, Hashable {
    public let service: String
    /// The drives of the old and the new server where its data is; `nil`: it is on none.
    public let oldDrive: String?
    public let newDrive: String?
    public let createdBy: String
    /// RFC 3339 in UTC, as the other times.
    public let createdAt: String
    /// When its stage began.
    public internal(set) var stageAt: String
    public internal(set) var endedAt: String?
    public internal(set) var progress: ServiceMove
    /// Seconds of the move's own clock at its newest commit: it stands still while no ADMIN runs.
    public internal(set) var clock: Int
    /// The generation of the commit whose export names the new server; `nil`: there is none yet.
    public internal(set) var generation: Int?
    /// The job of its tests at the new server.
    public internal(set) var job: String?

    package init(
        service: String, oldDrive: String?, newDrive: String?, createdBy: String, createdAt: String, stageAt: String,
        endedAt: String? = nil, progress: ServiceMove, clock: Int = 0, generation: Int? = nil, job: String? = nil
    ) {
        self.service = service
        self.oldDrive = oldDrive
        self.newDrive = newDrive
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.stageAt = stageAt
        self.endedAt = endedAt
        self.progress = progress
        self.clock = clock
        self.generation = generation
        self.job = job
    }

    public var from: String { progress.from }
    public var to: String { progress.to }
    public var isOpen: Bool { !progress.isOver }

    /// Both servers, each with its drive and what it is to do while the move is on.
    package var places: [(server: String, drive: String?, wish: ServiceMove.Wish)] {
        [(from, oldDrive, progress.wishAtOld), (to, newDrive, progress.wishAtNew)]
    }

    /// How many moves that have ended are kept: the newest.
    package static let kept = 200
}

extension RecordedMove: CustomStringConvertible {
    /// `from app1 to app3, placing`, `from app1 to app3, failed: it fails on app3: …`
    public var description: String {
        let state =
            switch progress.end {
            case nil: progress.stage.rawValue
            case .moved: "moved"
            case .failed(let reason): "failed: \(reason)"
            case .aborted: "aborted"
            case .overtaken: "overtaken by a move at once"
            }
        return "from \(from) to \(to), \(state)"
    }
}
