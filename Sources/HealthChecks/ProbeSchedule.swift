import HeapModule

/// When which target is probed next.
///
/// New targets get phases spread over their interval, so that thousands of them that arrive with one export are not
/// probed at the same moment, and each is probed within one interval. A probe that is missed is not made up for.
public struct ProbeSchedule<Target: Hashable & Sendable>: Sendable {
    private struct Entry: Comparable, Sendable {
        let due: Int
        let target: Target
        /// Distinguishes the entry from those that it replaces.
        let number: Int

        static func < (a: Self, b: Self) -> Bool { (a.due, a.number) < (b.due, b.number) }
    }

    private var heap = Heap<Entry>()
    /// The entry of each target that counts; others in the heap are left over.
    private var current: [Target: Int] = [:]
    private var last = 0

    public init() {}

    /// How many targets there are.
    public var count: Int { current.count }

    /// How many entries there are, with those that are left over.
    var entries: Int { heap.count }

    /// When the next probe is due; `nil`: there is no target that waits for one.
    public var next: Int? {
        mutating get {
            dropLeftovers()
            return heap.min?.due
        }
    }

    /// Adds a target, whose first probe is within `interval`. Cost: the logarithm of their number.
    ///
    /// - Parameter phase: any number that is spread evenly; the target's share of the interval.
    public mutating func add(_ target: Target, at instant: Int, interval: Int, phase: UInt64) {
        set(target, due: instant + Int(phase % UInt64(max(1, interval))))
    }

    /// Sets when a target is probed next, instead of what was set before. Does nothing if it was removed meanwhile.
    public mutating func reschedule(_ target: Target, due: Int) {
        if current[target] != nil { set(target, due: due) }
    }

    private mutating func set(_ target: Target, due: Int) {
        last += 1
        current[target] = last
        heap.insert(Entry(due: due, target: target, number: last))
        // Targets come and go; what they leave in the heap stays a share of it.
        if heap.count > 2 * current.count + 64 { rebuild() }
    }

    /// Removes a target; a probe of it that is under way is not followed by another.
    public mutating func remove(_ target: Target) {
        current[target] = nil
    }

    /// Takes the next target that is due, and by how much its probe is late. It is probed again when
    /// `reschedule` says so.
    public mutating func take(at instant: Int) -> (target: Target, lateness: Int)? {
        dropLeftovers()
        guard let entry = heap.min, entry.due <= instant else { return nil }
        heap.removeMin()
        current[entry.target] = 0
        return (entry.target, instant - entry.due)
    }

    private mutating func dropLeftovers() {
        while let entry = heap.min, current[entry.target] != entry.number { heap.removeMin() }
    }

    private mutating func rebuild() {
        heap = Heap(heap.unordered.filter { current[$0.target] == $0.number })
    }
}
