# make demo: the whole workflow on synthetic eyes; make test: the tests. Needs only Python >= 3.11 and make.
PYTHON ?= python3
BIN := .venv/bin
# The TensorFlow that fits this machine: with CUDA if there is an NVIDIA driver, the small CPU build on other
# x86-64 Linux machines, the plain one elsewhere.
TENSORFLOW := $(shell if command -v nvidia-smi >/dev/null; then echo 'tensorflow[and-cuda]'; \
	elif [ "$$(uname -sm)" = "Linux x86_64" ]; then echo tensorflow-cpu; else echo tensorflow; fi)

.PHONY: install demo web test lint clean

install: .venv/installed

.venv/installed: requirements.txt requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or newer is needed, found " + sys.version)'
	$(PYTHON) -m venv .venv
	sed 's/^tensorflow\b/$(TENSORFLOW)/' requirements.txt > .venv/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r .venv/requirements.txt -r requirements/dev.txt
	@touch $@

# Straight photos by a good camera: easy enough to learn in two minutes.
DEMO_EYES := --without blur color exposure framing head-turn light noise socket text tilt

demo: install
	$(BIN)/python synthesize_eyes.py demo/eyes --count 160 --size 240 320 --images-per-subject 8 $(DEMO_EYES)
	$(BIN)/python augment_datasets.py demo/eyes demo/augmented --preview demo/augmentation.png
	$(BIN)/python augment_datasets.py demo/eyes demo/augmented
	$(BIN)/python train_mobv2_unet.py demo/augmented --out demo/weights --size 128 --encoder-weights none \
		--epochs-frozen 0 --epochs-finetune 12 --rate-finetune 3e-3 --loss dice-bce --overwrite
	$(BIN)/python synthesize_eyes.py demo/new_eyes --count 24 --seed 1 --images-per-subject 4 $(DEMO_EYES)
	$(BIN)/python predict_test_images.py demo/new_eyes --weights demo/weights --out demo/results --overwrite
	$(BIN)/python threshold.py demo/results demo/new_eyes
	@echo; echo "Look at:"; ls -d demo/augmentation.png demo/weights/*.png demo/results/Overlays

# Builds the browser page with the bundled network into site/. export_model.py --to web exports it with another.
web: install web/dist/sw.js
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $$(grep onnx requirements/backends.txt)
	$(BIN)/python export_model.py weights/munet --to web --out site

web/dist/sw.js: web/package-lock.json web/index.html web/vite.config.ts $(wildcard web/src/* web/public/*)
	cd web && npm install --no-save --no-audit --no-fund --loglevel=error && npm run --silent build

test: install lint
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf .venv demo site web/dist web/node_modules
