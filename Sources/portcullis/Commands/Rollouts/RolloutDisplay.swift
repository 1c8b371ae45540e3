import AdminAPI
import CommandLineSupport
import Foundation
import Synchronization
import Text

/// Tells on standard error what a rollout does: at a terminal some lines that are rewritten, elsewhere a line for each
/// stage that an instance enters. For programs, each stage is an object on standard output.
final class RolloutDisplay: Sendable {
    private struct Screen {
        var rollout: RolloutResource?
        var since = ContinuousClock.now
        /// The lengths of the lines that stand on the terminal, the cursor in the last.
        var shown: [Int] = []
    }

    private let format: OutputFormat
    /// Whether lines are rewritten.
    private let isScreen: Bool
    private let screen = Mutex(Screen())

    init(_ format: OutputFormat) {
        self.format = format
        isScreen = StandardError.canRewrite && [.table, .wide, .name].contains(format)
    }

    /// Shows an answer of ADMIN.
    func show(_ rollout: RolloutResource) throws {
        try screen.withLock { screen in
            let news = RolloutNews.between(screen.rollout, and: rollout)
            screen.rollout = rollout
            screen.since = .now
            switch format {
            case .json: for one in news { try StandardOutput.write(JSONText.line(one.json(now: Date()))) }
            case .yaml: for one in news { try StandardOutput.write("---\n" + YAMLText.text(one.json(now: Date()))) }
            case .table, .wide, .name:
                if isScreen {
                    // What has gone wrong stays above the lines that are rewritten.
                    for one in news where one.hasTurned || one.instance.stage.isExactly("stuck") {
                        Self.say(one.text, &screen)
                    }
                    Self.draw(&screen)
                } else {
                    for one in news { StandardError.write(one.text) }
                }
            }
        }
    }

    /// Shows how the time goes by.
    func tick() { screen.withLock { if isScreen { Self.draw(&$0) } } }

    /// Writes something above the lines that are rewritten.
    func say(_ text: String) {
        screen.withLock { screen in
            guard isScreen else { return StandardError.write(text) }
            Self.say(text, &screen)
            Self.draw(&screen)
        }
    }

    /// Takes the lines away that were rewritten.
    func end() { screen.withLock { if isScreen { Self.clear(&$0) } } }

    private static func say(_ text: String, _ screen: inout Screen) {
        clear(&screen)
        StandardError.write(text)
    }

    private static func clear(_ screen: inout Screen) {
        guard !screen.shown.isEmpty else { return }
        StandardError.rewrite(rows(screen, size().columns), with: [])
        screen.shown = []
    }

    private static func draw(_ screen: inout Screen) {
        guard let rollout = screen.rollout else { return }
        let (lines, columns) = size()
        let elapsed = Int((ContinuousClock.now - screen.since).components.seconds)
        // The last column stays free: some terminals go to the next row after it.
        let text = RolloutScreen(rollout: rollout, elapsed: elapsed).lines(lines, columns: columns - 1)
        StandardError.rewrite(rows(screen, columns), with: text)
        screen.shown = text.map(\.unicodeScalars.count)
    }

    /// The rows that the lines have by now: a terminal that became narrower has wrapped them.
    private static func rows(_ screen: Screen, _ columns: Int) -> Int {
        screen.shown.reduce(0) { $0 + max(1, ($1 + columns - 1) / columns) }
    }

    private static func size() -> (lines: Int, columns: Int) {
        let size = StandardError.terminalSize ?? (24, 80)
        return (max(size.lines, 3), max(size.columns, 20))
    }
}
