/// The removals and insertions that turn one sequence into another.
///
/// Finding the shortest edits of two long and very different sequences takes time proportional to the product of
/// their lengths. To compare large files quickly, long stretches are first divided at elements that occur exactly
/// once in both (patience diff). A stretch that has none and is still long is replaced as a whole.
struct SequenceEdits: Equatable {
    private(set) var isRemoved: [Bool]
    private(set) var isInserted: [Bool]

    /// The greatest number of elements on both sides of a stretch for which the shortest edits are searched.
    static let searched = 2_000

    init(from old: [Int], to new: [Int]) {
        isRemoved = Array(repeating: false, count: old.count)
        isInserted = Array(repeating: false, count: new.count)
        edit(old[...], new[...], isCut: false)
    }

    private mutating func edit(_ old: ArraySlice<Int>, _ new: ArraySlice<Int>, isCut: Bool) {
        let (old, new) = Self.withoutCommonEnds(old, new)
        if old.isEmpty || new.isEmpty || old.count + new.count > Self.searched && isCut {
            for index in old.indices { isRemoved[index] = true }
            for index in new.indices { isInserted[index] = true }
        } else if old.count + new.count <= Self.searched {
            for change in Array(new).difference(from: Array(old)) {
                switch change {
                case .remove(let offset, _, _): isRemoved[old.startIndex + offset] = true
                case .insert(let offset, _, _): isInserted[new.startIndex + offset] = true
                }
            }
        } else {
            var (i, j) = (old.startIndex, new.startIndex)
            for anchor in Self.anchors(old, new) {
                edit(old[i..<anchor.old], new[j..<anchor.new], isCut: true)
                (i, j) = (anchor.old + 1, anchor.new + 1)
            }
            edit(old[i...], new[j...], isCut: true)
        }
    }

    private static func withoutCommonEnds(
        _ old: ArraySlice<Int>, _ new: ArraySlice<Int>
    ) -> (ArraySlice<Int>, ArraySlice<Int>) {
        var (old, new) = (old, new)
        while let first = old.first, first == new.first {
            old.removeFirst()
            new.removeFirst()
        }
        while let last = old.last, last == new.last {
            old.removeLast()
            new.removeLast()
        }
        return (old, new)
    }

    /// Elements that occur once on each side and keep their order: the longest increasing sequence of their
    /// positions.
    private static func anchors(_ old: ArraySlice<Int>, _ new: ArraySlice<Int>) -> [(old: Int, new: Int)] {
        func once(_ elements: ArraySlice<Int>) -> [Int: Int] {
            var places = [Int: Int?]()
            for (index, element) in zip(elements.indices, elements) {
                places[element] = places[element] == nil ? .some(index) : .some(nil)
            }
            return places.compactMapValues(\.self)
        }
        let places = once(new)
        let common = once(old).compactMap { element, place in places[element].map { (old: place, new: $0) } }
            .sorted { $0.old < $1.old }
        // The ends of the sequences so far, by length, and the predecessor of each element in its sequence.
        var ends = [Int]()
        var before = [Int?](repeating: nil, count: common.count)
        for index in common.indices {
            var (low, high) = (0, ends.count)
            while low < high {
                let middle = (low + high) / 2
                if common[ends[middle]].new < common[index].new { low = middle + 1 } else { high = middle }
            }
            before[index] = low > 0 ? ends[low - 1] : nil
            if low < ends.count { ends[low] = index } else { ends.append(index) }
        }
        var run = [(old: Int, new: Int)]()
        var next = ends.last
        while let index = next {
            run.append(common[index])
            next = before[index]
        }
        return run.reversed()
    }
}
