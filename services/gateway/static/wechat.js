// WeChat's own camera and menu, on the pages it was asked to lend them to; whatever it refuses, the page does without.
(function () {
  "use strict";
  var wx = window.wx, given = document.currentScript.dataset;
  if (!wx) return;
  var sharing = ["appMessage", "timeline", "qq", "weiboApp", "facebook", "QZone"].map(function (to) {
    return "menuItem:share:" + to;
  });
  wx.config({
    debug: false,
    appId: given.appId,
    timestamp: Number(given.timestamp),
    nonceStr: given.nonceStr,
    signature: given.signature,
    jsApiList: ["chooseImage", "getLocalImgData", "hideOptionMenu", "hideMenuItems"],
  });
  wx.ready(function () {
    if (document.body.dataset.menu === "kept") wx.hideMenuItems({ menuList: sharing });
    else wx.hideOptionMenu();
    if (window.DataTransfer) document.querySelectorAll("input[type=file][capture]").forEach(lend);
  });

  // The field's button calls WeChat's camera; what it took goes into the field, so that the form is the same.
  function lend(field) {
    field.labels[field.labels.length - 1].addEventListener("click", function (event) {
      event.preventDefault();
      wx.chooseImage({
        count: 1, sizeType: ["original"], sourceType: ["camera", "album"],
        success: function (chosen) {
          wx.getLocalImgData({ localId: chosen.localIds[0], success: function (taken) { keep(taken.localData); } });
        },
      });
    });
    function keep(data) {
      var bytes = atob(data.slice(data.indexOf(",") + 1).replace(/\s/g, "")), photo = new Uint8Array(bytes.length);
      for (var i = 0; i < bytes.length; i++) photo[i] = bytes.charCodeAt(i);
      var files = new DataTransfer();
      files.items.add(new File([photo], "照片.jpg", { type: "image/jpeg" }));
      field.files = files.files;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }
})();
