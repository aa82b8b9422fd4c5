// Stands in for WeChat's JS-SDK (https://res.wx.qq.com/open/js/jweixin-1.6.0.js) in any browser: the camera is a file
// picker, and what is hidden of the menu is written on the page as data-wechat-hidden.
(function () {
  "use strict";
  var ready = [], refused = [], state = "";
  function settle(next) {
    state = next;
    (next === "ready" ? ready : refused).forEach(function (told) { told({ errMsg: "config:" + (next === "ready" ? "ok" : "invalid signature") }); });
  }
  function hidden(what) { document.documentElement.dataset.wechatHidden = what; }
  window.wx = {
    config: function (given) {
      var whole = /^wx/.test(given.appId) && given.timestamp > 0 && given.nonceStr && /^[0-9a-f]{40}$/.test(given.signature);
      setTimeout(function () { settle(whole ? "ready" : "refused"); });
    },
    ready: function (told) { if (state === "ready") told(); else ready.push(told); },
    error: function (told) { if (state === "refused") told(); else refused.push(told); },
    hideOptionMenu: function () { hidden("menu"); },
    hideMenuItems: function (given) { hidden(given.menuList.join(" ")); },
    chooseImage: function (given) {
      var picker = document.createElement("input");
      picker.type = "file";
      picker.accept = "image/*";
      picker.onchange = function () {
        var id = "weixin://resourceid/" + Math.random().toString(16).slice(2);
        window.wx._photos[id] = picker.files[0];
        given.success({ localIds: [id], errMsg: "chooseImage:ok" });
      };
      picker.click();
    },
    getLocalImgData: function (given) {
      var reader = new FileReader();
      reader.onload = function () { given.success({ localData: reader.result, errMsg: "getLocalImgData:ok" }); };
      reader.readAsDataURL(window.wx._photos[given.localId]);
    },
    _photos: {},
  };
})();
