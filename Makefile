# Every target works in a fresh clone: scripts/setup.sh installs what is missing and does nothing the second time.
.PHONY: demo test lint bench screenshots viewer clean setup help

help:
	@echo "make demo         start the demo plant            启动示范厂区"
	@echo "make test         every test, browser included    全部测试"
	@echo "make lint         style, types, import directions 静态检查"
	@echo "make bench        figures beside their peers      性能对比 (ONLY=hub for one)"
	@echo "make screenshots  every screen into var/screenshots  全部界面截图"
	@echo "make clean        remove what was generated       清理"

setup:
	@scripts/setup.sh

viewer: setup
	@scripts/setup.sh viewer

demo:
	@scripts/setup.sh run viewer
	@exec env -u PYTHONDONTWRITEBYTECODE .venv/bin/twin up --demo

test:
	@scripts/test.sh

lint:
	@scripts/lint.sh

bench:
	@scripts/setup.sh dev viewer bench
	@.venv/bin/python scripts/bench.py $(ONLY)

screenshots:
	@scripts/setup.sh dev viewer
	@.venv/bin/python scripts/screenshots.py

clean:
	@scripts/clean.sh
