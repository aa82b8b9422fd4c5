// What pages gain with JavaScript; none of them needs it.
(function () {
  "use strict";

  // 大字版 without a reload, so that nothing typed is lost.
  document.addEventListener("click", function (event) {
    if (event.target.id !== "text-size") return;
    event.preventDefault();
    var large = document.documentElement.classList.toggle("large");
    event.target.textContent = large ? "标准版" : "大字版";
    event.target.value = large ? "normal" : "large";
    var secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = "large_text=" + (large ? 1 : 0) + "; Max-Age=31536000; Path=/; SameSite=Lax" + secure;
  });

  // A second tap while the first is on its way does nothing; the server would answer it the same.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    if (!form.dataset.busy) return;
    form.dataset.sent = "1";
    var pressed = event.submitter;
    if (pressed && pressed.classList.contains("weui-btn_primary")) {
      pressed.dataset.text = pressed.textContent;
      pressed.textContent = form.dataset.busy;
      pressed.setAttribute("aria-disabled", "true");
    }
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) {
      delete form.dataset.sent;
      form.querySelectorAll("[data-text]").forEach(function (button) {
        button.textContent = button.dataset.text;
        button.removeAttribute("aria-disabled");
      });
    });
  });

  // A personal page is not to be passed on: WeChat's menu goes, by what its browser brings along, without the JS-SDK.
  if (document.body.dataset.menu === "hidden") {
    var hideMenu = function () { window.WeixinJSBridge.call("hideOptionMenu"); };
    if (window.WeixinJSBridge) hideMenu();
    else document.addEventListener("WeixinJSBridgeReady", hideMenu);
  }

  // Counts down to when another code may be asked for.
  function countDown(button) {
    var until = Date.now() + Number(button.dataset.wait) * 1000;
    var text = button.textContent;
    button.disabled = true;
    (function tick() {
      if (!button.isConnected) return;
      var left = Math.ceil((until - Date.now()) / 1000);
      button.disabled = left > 0;
      button.textContent = left > 0 ? text + "（" + left + "）" : text;
      if (left > 0) setTimeout(tick, 500);
    })();
  }

  // A page that waits looks again by itself, and leaves no trail for the back button.
  var waiting = document.querySelector("[data-refresh]");
  if (waiting) {
    var after = Number(waiting.dataset.refreshAfter || 3) * 1000;
    setTimeout(function () { location.replace(waiting.dataset.refresh); }, after);
  }

  // One tap copies, also in browsers that are too old for the clipboard's own interface.
  document.querySelectorAll("[data-copy]").forEach(function (button) {
    var text = document.getElementById(button.dataset.copy);
    var told = document.getElementById(button.dataset.copy + "-copied");
    button.hidden = false;
    button.addEventListener("click", function () {
      getSelection().selectAllChildren(text);
      var done = document.execCommand("copy");
      told.textContent = done ? "已复制。" : "没有复制成功，请长按上面的文字，选择“复制”。";
    });
  });

  // A file is chosen with a button as big as all others, and in our words.
  document.querySelectorAll("input[type=file]").forEach(function (field) {
    var button = document.createElement("label"), told = document.createElement("p");
    button.className = "weui-btn weui-btn_default";
    button.htmlFor = field.id;
    button.textContent = field.dataset.press;
    told.className = "quiet";
    told.setAttribute("role", "status");
    field.className = "hidden";
    field.after(button, told);
    field.addEventListener("change", function () {
      var chosen = field.files.length > 0;
      button.textContent = chosen ? "重新" + field.dataset.press : field.dataset.press;
      told.textContent = chosen ? "已选好：" + field.files[0].name : "";
    });
  });

  // A photo is made smaller on the phone: it is sent sooner and costs less. Where the phone cannot, it goes as it is.
  document.addEventListener("change", function (event) {
    var input = event.target, longest = Number(input.dataset.shrink);
    var file = longest && input.files && input.files[0];
    if (!file || file.size < 400000 || !window.createImageBitmap || !window.DataTransfer) return;
    createImageBitmap(file).then(function (image) {
      var share = Math.min(1, longest / Math.max(image.width, image.height));
      var canvas = document.createElement("canvas");
      canvas.width = Math.round(image.width * share);
      canvas.height = Math.round(image.height * share);
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob(function (smaller) {
        if (!smaller || smaller.size >= file.size || input.files[0] !== file) return;
        var files = new DataTransfer();
        files.items.add(new File([smaller], "照片.jpg", { type: "image/jpeg" }));
        input.files = files.files;
      }, "image/jpeg", 0.9);
    }).catch(function () {});
  });

  function settle(root) {
    root.querySelectorAll("[data-wait]").forEach(countDown);
    var summary = root.querySelector("#error-summary");
    if (summary) summary.focus();
  }
  settle(document);
  document.addEventListener("htmx:load", function (event) {
    if (event.target !== document.body) settle(event.target.parentNode || document);
  });

  // An answer without the part we asked for (an error page, another state): load the page as it is now.
  document.addEventListener("htmx:beforeSwap", function (event) {
    var wanted = 'id="' + event.detail.target.id + '"';
    if (event.detail.serverResponse.indexOf(wanted) < 0) {
      event.detail.shouldSwap = false;
      location.reload();
    }
  });
  document.addEventListener("htmx:sendError", function () { location.reload(); });
})();
